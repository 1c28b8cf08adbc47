/** The prediction that lies over the open slide: which run, how it is shown, and the summary for legend and areas. */
import { isAbort } from '../../app/core/errors.ts';
import type { Point } from '../../app/core/geometry.ts';
import type { PredictionSummary } from '../../app/core/project.ts';
import { api } from './api.ts';
import { notices } from './notices.svelte.ts';

export type OverlayMode = 'class' | 'probability';

class Overlay {
  runId = $state<string | null>(null);
  /** The prediction that the user chose among several; null is the newest. */
  wantedId = $state<string | null>(null);
  #prediction = $state.raw<PredictionSummary | null>(null);
  /** A rung of a training lies over the slide instead of the prediction. */
  #rung = $state.raw<PredictionSummary | null>(null);
  summary = $derived<PredictionSummary | null>(this.#rung ?? this.#prediction);
  visible = $state(true);
  mode = $state<OverlayMode>('class');
  classIndex = $state(0);
  opacity = $state(0.55);
  /** Probabilities under the pointer, in the order of the summary's classes. */
  probabilities = $state.raw<readonly number[] | null>(null);
  #asked: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Shows a run's prediction on a slide; a run that has given nothing yet is asked again at its next block. */
  async show(slideId: string, runId: string, quiet: boolean): Promise<void> {
    try {
      const summary = await api.prediction(slideId, runId);
      if (this.runId !== runId) return;
      this.#prediction = summary;
      this.classIndex = Math.min(this.classIndex, Math.max(0, summary.classes.length - 1));
    } catch (error) {
      if (!quiet) notices.fail(error);
    }
  }

  choose(runId: string | null): void {
    if (runId === this.runId) return;
    this.runId = runId;
    this.#prediction = null;
    this.probabilities = null;
  }

  /** Null takes it away again. */
  layRung(summary: PredictionSummary | null): void {
    this.#rung = summary;
    this.probabilities = null;
    if (summary) this.classIndex = Math.min(this.classIndex, Math.max(0, summary.classes.length - 1));
  }

  /** Asks for the probabilities at a place, once the pointer rests a moment. */
  probe(at: Point | null): void {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    const { summary } = this;
    if (!at || !summary || !this.visible) {
      this.probabilities = null;
      return;
    }
    this.#timer = setTimeout(() => void this.#ask(summary, at), 60);
  }

  async #ask({ runId, rung }: PredictionSummary, at: Point): Promise<void> {
    const asked = new AbortController();
    this.#asked = asked;
    try {
      const { probabilities } = await api.probabilities(runId, rung, at, asked.signal);
      if (!asked.signal.aborted) this.probabilities = probabilities;
    } catch (error) {
      if (!asked.signal.aborted && !isAbort(error)) this.probabilities = null;
    }
  }
}

export const overlay = new Overlay();
