/** The search for slides that are not where they were: one folder for all of them, and what came of each. */
import { api } from './api.ts';
import { notices } from './notices.svelte.ts';
import { workspace } from './workspace.svelte.ts';

export interface Sought {
  readonly id: string;
  readonly name: string;
  readonly state: 'waits' | 'found' | 'not-found';
  /** Files that looked like it and were others. */
  readonly tried: number;
}

class Relinking {
  /** Whether the dialog is open. */
  open = $state(false);
  running = $state(false);
  /** Of the last search; empty before the first. */
  sought = $state.raw<readonly Sought[]>([]);
  folder = $state('');
  looked = $state(0);
  done = $state(0);
  etaSeconds = $state<number | null>(null);
  #stop = new AbortController();

  show(): void {
    if (!this.running) this.sought = [];
    this.open = true;
  }

  /** Closing the dialog ends the search; what was found stays. */
  close(): void {
    this.#stop.abort();
    this.open = false;
  }

  async search(handle: string, name: string): Promise<void> {
    const lost = workspace.slides.filter(({ status }) => status !== 'ready');
    this.sought = lost.map((slide) => ({ id: slide.id, name: slide.name, state: 'waits', tried: 0 }));
    Object.assign(this, { running: true, folder: name, looked: 0, done: 0, etaSeconds: null });
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    try {
      for await (const event of api.relinkAll(handle, signal)) {
        if (event.type === 'cancelled' || signal.aborted) break;
        if (event.type === 'failed') notices.report(event.error);
        if (event.type === 'looking') this.looked = event.files;
        if (event.type === 'progress') {
          this.done = event.done;
          this.etaSeconds = event.etaSeconds;
        }
        if (event.type === 'found') {
          workspace.takeSlide(event.slide);
          this.#note(event.slide.id, 'found', 0);
        }
        if (event.type === 'not-found') this.#note(event.id, 'not-found', event.tried);
        if (event.type === 'done') this.done = event.total;
      }
    } catch (error) {
      if (!signal.aborted) notices.fail(error);
    } finally {
      this.running = false;
    }
  }

  cancel(): void {
    this.#stop.abort();
  }

  #note(id: string, state: Sought['state'], tried: number): void {
    this.sought = this.sought.map((one) => (one.id === id ? { ...one, state, tried } : one));
  }
}

export const relinking = new Relinking();
