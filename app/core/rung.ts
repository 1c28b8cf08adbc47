/**
 * The rungs of a training run: what each of its phases left on disk, with two beside them that learned less.
 *
 *     colour -> probe -> 0-head -> 1-fine-tune -> 2-rung-1-block_3 ...
 *     none      linear   each phase, kept or undone; its number and name
 */
import type { PredictionSummary, SlideAgreement } from './project.ts';
import type { Evaluation, LossFall } from './run.ts';

/** What the colours of a patch alone tell. */
export const colourRung = 'colour';
/** A linear head on the pretrained features, at the depth on which the run's head grew. */
export const probeRung = 'probe';

export interface RungRow {
  /** `colour`, `probe`, or the name of the phase's files. */
  readonly id: string;
  readonly name: string;
  /** The head and the layer groups that learned, from the head down; empty for colour. */
  readonly groups: readonly string[];
  /** The epoch of the phase whose weights count; null where there were none. */
  readonly epoch: number | null;
  /** On the validation patches; null until it is known. */
  readonly valLoss: number | null;
  readonly valAccuracy: number | null;
  /** Against what was kept before it. */
  readonly fall: LossFall | null;
  /** Null: nobody had to judge it (the first phase, probe and colour). */
  readonly kept: boolean | null;
  readonly reason: string | null;
  /** Of the finished network; null until the rungs were compared on a slide or the rung was chosen. */
  readonly validation: Evaluation | null;
  /** Whether a model can be made of it. */
  readonly usable: boolean;
  /** The run's model has these weights. */
  readonly inUse: boolean;
}

/** A slide as a rung sees it. */
export interface RungOnSlide {
  readonly id: string;
  readonly name: string;
  readonly summary: PredictionSummary;
  /** Null where the slide has no labelled patch. */
  readonly agreement: SlideAgreement | null;
}
