/** Early stopping with Keras' counting: which epoch was the best, and whether the phase should end. */
import type { EarlyStopping } from '../core/recipe-phase.ts';
import { type EpochScores, improves, monitored } from './schedules.ts';

/** Plain and serialisable: a resumed phase keeps its patience. */
export interface StopState {
  readonly wait: number;
  /** The best monitored value so far; null before the first judged epoch. */
  readonly best: number | null;
  /** 0-based epoch of `best`; null before the first judged epoch. */
  readonly bestEpoch: number | null;
  readonly improved: boolean;
  readonly stop: boolean;
}

export const initialStop: StopState = { wait: 0, best: null, bestEpoch: null, improved: false, stop: false };

/** A phase without `stop` never ends early, but its best epoch by validation loss is still the one that is kept. */
export const neverStop: EarlyStopping = {
  monitor: 'val-loss',
  minDelta: 0,
  patience: Number.POSITIVE_INFINITY,
  warmUp: 0,
  restoreBest: true,
};

/**
 * The state after 0-based epoch `epoch`. As in Keras 3: an improvement is a value beyond best by more than minDelta; epochs
 * before `warmUp` are not judged; the phase stops once `patience` judged epochs in a row brought none, never at epoch 0.
 */
export function judgeEpoch(config: EarlyStopping, state: StopState, epoch: number, scores: EpochScores): StopState {
  if (epoch < config.warmUp) return { ...state, improved: false };
  if (improves(config, scores, state.best)) {
    return { wait: 0, best: monitored(config.monitor, scores), bestEpoch: epoch, improved: true, stop: false };
  }
  const wait = state.wait + 1;
  return { ...state, wait, improved: false, stop: wait >= config.patience && epoch > 0 };
}
