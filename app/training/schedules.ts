/**
 * Learning-rate schedules as pure functions: the rate of a step follows from the phase's settings and a small plain state.
 *
 *     rate                       warm-up (linear), then
 *      |    ____ constant
 *      |   /\
 *      |  /  `-. cosine          floor
 *      | /      `-.__________
 *      +--------------------- step
 */
import type { Schedule } from '../core/recipe.ts';

/** What reduce-on-plateau remembers between epochs; part of a checkpoint. */
export interface PlateauState {
  /** Product of all reductions so far. */
  readonly factor: number;
  readonly best: number;
  readonly wait: number;
}

export const initialPlateau: PlateauState = { factor: 1, best: Number.POSITIVE_INFINITY, wait: 0 };

/**
 * The learning rate of step `step` (0-based within the phase) of `totalSteps`.
 * Warm-up is linear and reaches the full rate at its last step; cosine is Loshchilov and Hutter 2017 without restarts.
 */
export function rateAt(
  schedule: Schedule,
  learningRate: number,
  step: number,
  totalSteps: number,
  plateau: PlateauState = initialPlateau,
): number {
  if (step < schedule.warmUpSteps) return (learningRate * (step + 1)) / schedule.warmUpSteps;
  switch (schedule.kind) {
    case 'constant':
      return learningRate;
    case 'cosine': {
      const span = Math.max(1, totalSteps - schedule.warmUpSteps);
      const done = Math.min(1, (step - schedule.warmUpSteps) / span);
      return learningRate * (schedule.floor + ((1 - schedule.floor) * (1 + Math.cos(Math.PI * done))) / 2);
    }
    case 'reduce-on-plateau':
      return Math.max(learningRate * plateau.factor, Math.min(schedule.minLearningRate, learningRate));
  }
}

/** The plateau state after an epoch's validation loss, as Keras' ReduceLROnPlateau without cooldown counts it. */
export function afterEpoch(schedule: Schedule, state: PlateauState, valLoss: number): PlateauState {
  if (schedule.kind !== 'reduce-on-plateau') return state;
  if (valLoss < state.best - schedule.minDelta) return { ...state, best: valLoss, wait: 0 };
  if (state.wait + 1 < schedule.patience) return { ...state, wait: state.wait + 1 };
  return { ...state, factor: state.factor * schedule.factor, wait: 0 };
}
