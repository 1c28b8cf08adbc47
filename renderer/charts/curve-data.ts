/** A run's epochs as the columns of a chart: x counts all epochs from 1, phase after phase. */
import { keptEpoch, type Story } from '../state/run-story.ts';

export type Metric = 'loss' | 'accuracy';

export interface Curves {
  readonly x: number[];
  readonly train: number[];
  readonly validation: number[];
  readonly learningRate: number[];
  /** Place of the epoch whose weights count on x, or null. */
  readonly best: number | null;
  readonly bands: readonly { readonly name: string; readonly from: number; readonly to: number }[];
}

export function curvesOf(story: Story, metric: Metric): Curves {
  const { epochs, phases } = story;
  const kept = keptEpoch(story);
  const bestAt = kept ? epochs.indexOf(kept) : -1;
  return {
    x: epochs.map((_, index) => index + 1),
    train: epochs.map((epoch) => (metric === 'loss' ? epoch.loss : epoch.accuracy)),
    validation: epochs.map((epoch) => (metric === 'loss' ? epoch.valLoss : epoch.valAccuracy)),
    learningRate: epochs.map((epoch) => epoch.learningRate),
    best: bestAt >= 0 ? bestAt + 1 : null,
    bands: phases
      .map((phase, index) => ({
        name: phase.name,
        from: phase.from + 0.5,
        to: (phases[index + 1]?.from ?? epochs.length) + 0.5,
      }))
      .filter(({ from, to }) => to > from),
  };
}
