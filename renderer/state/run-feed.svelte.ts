/** One run as the window follows it: its events come in over a stream that is taken up again where it broke. */
import type { RunView } from '../../app/core/project.ts';
import type { DivergingAnswer, JobState } from '../../app/core/run.ts';
import { api } from './api.ts';
import { notices } from './notices.svelte.ts';
import { type Story, tell, untold } from './run-story.ts';

export class RunFeed {
  readonly id: string;
  run: RunView;
  story = $state.raw<Story>(untold);
  connected = $state(true);
  cancelling = $state(false);
  /** Is putting on disk where it stands. */
  pausing = $state(false);
  #stop = new AbortController();
  #following = false;

  constructor(run: RunView) {
    this.id = run.id;
    this.run = $state.raw(run);
  }

  get running(): boolean {
    return this.run.state === 'running' || this.run.state === 'queued';
  }
  get state(): JobState {
    // What was told is newer than the run as it was asked for.
    if (this.running) return this.story.seq > 0 || this.story.progress ? 'running' : this.run.state;
    return this.story.ended ?? this.run.state;
  }
  /** A training run that was paused, cancelled or failed goes on where it stopped. */
  get canGoOn(): boolean {
    return this.run.kind === 'train' && (this.state === 'cancelled' || this.state === 'failed');
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
        // A project that could not store the end still says 'running'.
        this.run = this.story.ended ? { ...run, state: this.story.ended } : run;
        if (!this.running) {
          this.cancelling = false;
          this.pausing = false;
          ended(this.run);
          return;
        }
      } catch {
        if (signal.aborted) return;
        this.connected = false;
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** Puts a paused, cancelled or failed training run in line again and follows it as `follow` does. */
  async goOn(ended: (run: RunView) => void, answer?: DivergingAnswer): Promise<void> {
    this.run = await api.resumeRun(this.id, answer);
    this.#following = false;
    void this.follow(ended);
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

  /** Stops where it is, so that nothing is lost when it goes on. */
  async pause(): Promise<void> {
    this.pausing = true;
    try {
      await api.pauseRun(this.id);
    } catch (error) {
      notices.fail(error);
      this.pausing = false;
    }
  }

  close(): void {
    this.#stop.abort();
  }
}
