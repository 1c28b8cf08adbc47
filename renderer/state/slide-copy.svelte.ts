/** The copy without names that is being saved: it goes on when the tab is left, one at a time. */
import { EosinError } from '../../app/core/errors.ts';
import type { SlideView } from '../../app/core/project.ts';
import { plural } from '../ui/format.ts';
import { api } from './api.ts';
import { notices } from './notices.svelte.ts';

class SlideCopy {
  /** Null when none is being saved. */
  running = $state.raw<{ readonly slide: SlideView; readonly name: string; readonly share: number | null } | null>(
    null,
  );
  #stop = new AbortController();

  async save(slide: SlideView, folder: string, name: string): Promise<void> {
    if (this.running) return;
    this.#stop = new AbortController();
    this.running = { slide, name, share: null };
    try {
      for await (const event of api.copyWithoutNames(slide.id, folder, name, this.#stop.signal)) {
        if (event.type === 'progress') this.running = { slide, name, share: event.done / event.total };
        if (event.type === 'failed') throw EosinError.fromReport(event.error);
        if (event.type !== 'done') continue;
        const { searched, inName, pictures, removed } = event.report;
        const left = [...pictures, ...removed].length;
        const text = `${plural(left, 'picture or entry', 'pictures and entries')} left out. Every byte was searched for ${plural(searched.values, 'value')}: ${searched.found} found.`;
        if (inName.length > 0) notices.warn(`${name} is saved, but its own name holds what was left out`, text);
        else notices.good(`${name} is saved`, text);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) notices.fail(error);
    } finally {
      this.running = null;
    }
  }

  cancel(): void {
    this.#stop.abort();
  }
}

export const slideCopy = new SlideCopy();
