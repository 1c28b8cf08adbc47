/** Rungs of training runs: their tables, and the slide that is seen through them one after another. */
import type { RungOnSlide, RungRow } from '../../app/core/rung.ts';
import { api } from './api.ts';
import { attempt } from './notices.svelte.ts';
import { overlay } from './overlay.svelte.ts';

class Rungs {
  #rows = $state.raw<ReadonlyMap<string, readonly RungRow[]>>(new Map());
  /** The run that compared them, and what each said of its slide. */
  shownRun = $state<string | null>(null);
  onSlide = $state.raw<readonly RungOnSlide[]>([]);
  /** Place of the rung that lies over the slide. */
  at = $state(0);

  rowsOf(trainingId: string): readonly RungRow[] {
    return this.#rows.get(trainingId) ?? [];
  }

  async load(trainingId: string): Promise<void> {
    await attempt(async () => {
      const { rungs } = await api.rungs(trainingId);
      this.#rows = new Map(this.#rows).set(trainingId, rungs);
    });
  }

  /** Lays the rungs of a comparison over its slide, beginning with the one in use. */
  async show(runId: string): Promise<void> {
    if (this.shownRun === runId) return;
    this.shownRun = runId;
    await attempt(async () => {
      const { trainingId, rungs } = await api.rungsOnSlide(runId);
      if (this.shownRun !== runId) return;
      this.onSlide = rungs;
      const used = this.rowsOf(trainingId).find(({ inUse }) => inUse)?.id;
      const place = rungs.findIndex(({ id }) => id === used);
      this.goTo(place < 0 ? rungs.length - 1 : place);
    });
  }

  goTo(at: number): void {
    this.at = at;
    overlay.layRung(this.onSlide[at]?.summary ?? null);
  }

  hide(): void {
    this.shownRun = null;
    this.onSlide = [];
    overlay.layRung(null);
  }
}

export const rungs = new Rungs();
