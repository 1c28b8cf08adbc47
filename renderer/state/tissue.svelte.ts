/** Tissue of the slide on the stage: its scores, fetched once, and the mask that the threshold under the hand gives. */
import type { SlideView } from '../../app/core/project.ts';
import type { TissueMask } from '../../app/core/slide.ts';
import { type TissueChoice, type TissueMap, tissueMaskOf } from '../../app/core/tissue-map.ts';
import { api } from './api.ts';
import { attempt } from './notices.svelte.ts';
import { workspace } from './workspace.svelte.ts';

class Tissue {
  #slideId = $state<string | null>(null);
  #loading: AbortController | null = null;
  map = $state.raw<TissueMap | null>(null);
  /** What the hand is at and has not let go of. */
  #draft = $state.raw<TissueChoice | null>(null);

  choice = $derived<TissueChoice | null>(
    this.#draft ?? workspace.slides.find(({ id }) => id === this.#slideId)?.tissue ?? null,
  );
  mask = $derived<TissueMask | null>(this.map && this.choice ? tissueMaskOf(this.map, this.choice) : null);

  /** Fetches the scores of a slide unless they are here. */
  async show(slideId: string): Promise<void> {
    if (this.#slideId === slideId && (this.map || this.#loading)) return;
    this.leave();
    this.#slideId = slideId;
    const loading = new AbortController();
    this.#loading = loading;
    await attempt(async () => {
      const map = await api.tissue(slideId, loading.signal);
      if (this.#loading === loading) this.map = map;
    });
    if (this.#loading === loading) this.#loading = null;
  }

  leave(): void {
    this.#loading?.abort();
    this.#loading = null;
    this.#slideId = null;
    this.map = null;
    this.#draft = null;
  }

  /** Moves what is shown; nothing is stored. */
  move(change: Partial<TissueChoice>): void {
    if (this.choice) this.#draft = { ...this.choice, ...change };
  }

  /** Stores what is shown with the slide. */
  async keep(slide: SlideView, change: Partial<TissueChoice>): Promise<void> {
    this.move(change);
    await attempt(async () => workspace.takeSlide(await api.editSlide(slide.id, { tissue: change })));
    this.#draft = null;
  }
}

export const tissue = new Tissue();
