/** Slides on their way into the project: what was found, added, there already and refused; it can be cancelled, and what was added stays. */
import type { ErrorReport } from '../../app/core/errors.ts';
import { api, type ImportEvent } from './api.ts';
import { notices } from './notices.svelte.ts';
import { workspace } from './workspace.svelte.ts';

type Ended = { type: 'cancelled' | 'failed' };
type Counts = Omit<Extract<ImportEvent, { type: 'progress' }>, 'type' | 'etaSeconds'>;

class SlideImport {
  /** Null before anything was added in this window, and after the summary was closed. */
  counts = $state.raw<Counts | null>(null);
  /** Files found while the folders are still searched. */
  found = $state(0);
  running = $state(false);
  cancelled = $state(false);
  etaSeconds = $state<number | null>(null);
  duplicates = $state.raw<readonly { readonly name: string; readonly as: string }[]>([]);
  refused = $state.raw<readonly { readonly name: string; readonly error: ErrorReport }[]>([]);
  /** Plain pictures that lay in the folders and were left out. */
  pictures = $state(0);
  #stop = new AbortController();
  /** Imports wait for each other. */
  #line: Promise<void> = Promise.resolve();

  add(handles: readonly string[]): Promise<void> {
    this.#line = this.#line.then(() => this.#run(handles)).catch((error: unknown) => notices.fail(error));
    return this.#line;
  }

  cancel(): void {
    this.cancelled = this.running;
    this.#stop.abort();
  }

  close(): void {
    if (!this.running) this.counts = null;
  }

  async #run(handles: readonly string[]): Promise<void> {
    if (!workspace.project || handles.length === 0) return;
    Object.assign(this, { running: true, cancelled: false, found: 0, etaSeconds: null, pictures: 0 });
    this.counts = { done: 0, total: 0, added: 0, relinked: 0, duplicates: 0, refused: 0 };
    this.duplicates = [];
    this.refused = [];
    this.#stop = new AbortController();
    const before = workspace.slideId;
    try {
      for await (const event of api.importSlides(handles, this.#stop.signal)) {
        if (event.type === 'cancelled') break;
        if (event.type === 'failed') notices.report(event.error);
        else this.#take(event, before);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) notices.fail(error);
    } finally {
      this.running = false;
    }
    if (!workspace.project) {
      this.counts = null;
      return;
    }
    await workspace.refresh();
    workspace.labelsChanged();
    this.#sayEnd();
  }

  #take(event: Exclude<ImportEvent, Ended>, before: string | null): void {
    const { counts } = this;
    if (!counts) return;
    if (event.type === 'looking') this.found = event.files;
    else if (event.type === 'progress' || event.type === 'done') {
      this.counts = event;
      this.etaSeconds = event.type === 'progress' ? event.etaSeconds : null;
      if (event.type === 'done') this.pictures = event.pictures;
    } else if (event.type === 'duplicate') {
      this.duplicates = [...this.duplicates, event];
      this.counts = { ...counts, duplicates: counts.duplicates + 1 };
    } else if (event.type === 'refused') {
      this.refused = [...this.refused, event];
      this.counts = { ...counts, refused: counts.refused + 1 };
    } else {
      this.counts = { ...counts, [event.type]: counts[event.type] + 1 };
      workspace.takeAdded(event.slide);
      // The first one is shown, unless the user has gone elsewhere meanwhile.
      if (counts.added + counts.relinked === 0 && workspace.slideId === before) workspace.openSlide(event.slide.id);
    }
  }

  /** Nothing but good news goes by itself; the rest stays in the list of slides until it was read. */
  #sayEnd(): void {
    const { counts } = this;
    if (!counts || this.cancelled || this.pictures > 0 || counts.duplicates + counts.refused + counts.relinked > 0)
      return;
    this.counts = null;
    if (counts.added > 0) notices.good(counts.added === 1 ? 'Slide added' : `${counts.added} slides added`);
    else
      notices.warn(
        'No slides found',
        'The folder holds no file that Eosin reads. Slides can also be chosen one by one.',
      );
  }
}

export const slideImport = new SlideImport();
