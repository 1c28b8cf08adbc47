/** One run as the window follows it: its events come in over a stream that is taken up again where it broke. */
import type { RunView } from '../../app/core/project.ts';
import { api } from './api.ts';
import { notices } from './notices.svelte.ts';
import { type Story, tell, untold } from './run-story.ts';

export class RunFeed {
  readonly id: string;
  run: RunView;
  story = $state.raw<Story>(untold);
  connected = $state(true);
  cancelling = $state(false);
  #stop = new AbortController();
  #following = false;

  constructor(run: RunView) {
    this.id = run.id;
    this.run = $state.raw(run);
  }

  get running(): boolean {
    return !this.story.ended && (this.run.state === 'running' || this.run.state === 'queued');
  }

  /** Reads events until the run has ended or `close` was called; `ended` is called once with the finished run. */
  async follow(ended: (run: RunView) => void = () => undefined): Promise<void> {
    if (this.#following) return;
    this.#following = true;
    const { signal } = this.#stop;
    for (let pauseMs = 250; !signal.aborted; pauseMs = Math.min(5000, pauseMs * 2)) {
      try {
        for await (const event of api.events(this.id, this.story.seq, signal)) {
          this.connected = true;
          pauseMs = 250;
          this.story = tell(this.story, event);
        }
        const run = await api.run(this.id);
        this.run = run;
        if (this.story.ended || (run.state !== 'running' && run.state !== 'queued')) {
          ended(run);
          return;
        }
      } catch {
        if (signal.aborted) return;
        this.connected = false;
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  async cancel(): Promise<void> {
    this.cancelling = true;
    try {
      await api.cancelRun(this.id);
    } catch (error) {
      notices.fail(error);
      this.cancelling = false;
    }
  }

  close(): void {
    this.#stop.abort();
  }
}
