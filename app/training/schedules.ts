/**
 * Learning-rate schedules as pure functions: the rate of a step follows from the phase's settings and a small plain state.
 * Numbers are those of Keras' schedules and callbacks; one-cycle, which Keras has not, is PyTorch's.
 *
 *     rate                            rate
 *      |    ____ constant              |   /\     /`-.        restarts
 *      |   /\                          |  /  \   /    `-.
 *      |  /  `-. cosine, floor         | /    \ /        `-.__
 *      | /      `-.__________          |/
 *      +--------------------- step     +---------------------- step
 *        warm-up
 */
import type { EarlyStopping, Monitor, Schedule } from '../core/recipe-phase.ts';

/** What reduce-on-plateau remembers between epochs; part of a checkpoint. */
export interface PlateauState {
  /** Product of all reductions so far. */
  readonly factor: number;
  /** The best value so far; null before the first epoch. */
  readonly best: number | null;
  readonly wait: number;
  /** Epochs that still do not count after a reduction. */
  readonly cooldown: number;
}

export const initialPlateau: PlateauState = { factor: 1, best: null, wait: 0, cooldown: 0 };

/** Length of a phase in optimizer steps. */
export interface PhaseLength {
  readonly stepsPerEpoch: number;
  readonly epochs: number;
}

/**
 * The learning rate of step `step` (0-based within the phase).
 * Warm-up rises from 0 at step 0 to the full rate at step `warmUpSteps`; what follows counts from there.
 */
export function rateAt(
  schedule: Schedule,
  learningRate: number,
  step: number,
  length: PhaseLength,
  plateau: PlateauState = initialPlateau,
): number {
  const { stepsPerEpoch, epochs } = length;
  const totalSteps = epochs * stepsPerEpoch;
  if (schedule.kind === 'one-cycle') return oneCycle(schedule, learningRate, step, totalSteps);
  const { warmUpSteps } = schedule;
  if (step < warmUpSteps) return (learningRate * step) / warmUpSteps;
  const past = step - warmUpSteps;
  switch (schedule.kind) {
    case 'constant':
      return learningRate;
    case 'step':
      return learningRate * schedule.factor ** Math.floor(past / (schedule.everyEpochs * stepsPerEpoch));
    case 'exponential':
      return learningRate * schedule.factor ** (past / (schedule.everyEpochs * stepsPerEpoch));
    case 'cosine': {
      const { floor, restarts } = schedule;
      if (restarts) {
        const { done, restart } = sinceRestart(past / (restarts.firstEpochs * stepsPerEpoch), restarts.lengthFactor);
        // As Keras: the floor is a share of the phase's rate, the height of a fall is what restarts lower.
        return learningRate * (floor + (1 - floor) * halfCosine(done) * restarts.rateFactor ** restart);
      }
      const done = Math.min(1, past / Math.max(1, totalSteps - warmUpSteps));
      return learningRate * (floor + (1 - floor) * halfCosine(done));
    }
    case 'reduce-on-plateau':
      return Math.max(learningRate * plateau.factor, Math.min(schedule.minLearningRate, learningRate));
  }
}

/** 1 at the start, 0 at the end. */
function halfCosine(done: number): number {
  return (1 + Math.cos(Math.PI * done)) / 2;
}

/** Which restart this is, and the share of its fall that is over. `position` is counted in lengths of the first fall. */
function sinceRestart(position: number, lengthFactor: number): { restart: number; done: number } {
  let restart = 0;
  let start = 0;
  let length = 1;
  while (position >= start + length) {
    start += length;
    length *= lengthFactor;
    restart++;
  }
  return { restart, done: (position - start) / length };
}

/** PyTorch's OneCycleLR with its default cosine; momentum is left alone. The last step has the lowest rate. */
function oneCycle(
  { rise, startDivisor, endDivisor }: Extract<Schedule, { kind: 'one-cycle' }>,
  learningRate: number,
  step: number,
  totalSteps: number,
): number {
  const start = learningRate / startDivisor;
  const top = rise * totalSteps - 1;
  const last = totalSteps - 1;
  if (step <= top) return start + (learningRate - start) * (1 - halfCosine(top === 0 ? 1 : step / top));
  const end = start / endDivisor;
  return end + (learningRate - end) * halfCosine(Math.min(1, (step - top) / Math.max(1e-9, last - top)));
}

/** What an epoch can be judged by. */
export interface EpochScores {
  readonly loss: number;
  readonly accuracy: number;
  readonly valLoss: number;
  readonly valAccuracy: number;
}

/** Better than `best` by more than `minDelta`, in Keras' arithmetic; anything is better than null. */
export function improves(
  { monitor, minDelta }: Pick<EarlyStopping, 'monitor' | 'minDelta'>,
  scores: EpochScores,
  best: number | null,
): boolean {
  if (best === null) return true;
  const value = monitored(monitor, scores);
  // Keras compares float32: a fall of exactly minDelta is none, whatever the last bit of a float64 says.
  const { fround } = Math;
  return monitor.endsWith('loss') ? fround(value + minDelta) < fround(best) : fround(value - minDelta) > fround(best);
}

export function monitored(monitor: Monitor, scores: EpochScores): number {
  switch (monitor) {
    case 'loss':
      return scores.loss;
    case 'accuracy':
      return scores.accuracy;
    case 'val-loss':
      return scores.valLoss;
    case 'val-accuracy':
      return scores.valAccuracy;
  }
}

/** The plateau state after an epoch, as Keras' ReduceLROnPlateau counts it. */
export function afterEpoch(
  schedule: Schedule,
  learningRate: number,
  state: PlateauState,
  scores: EpochScores,
): PlateauState {
  if (schedule.kind !== 'reduce-on-plateau') return state;
  const cooldown = Math.max(0, state.cooldown - 1);
  const waited = state.cooldown > 0 ? 0 : state.wait;
  if (improves(schedule, scores, state.best)) {
    return { ...state, best: monitored(schedule.monitor, scores), wait: 0, cooldown };
  }
  if (cooldown > 0) return { ...state, wait: waited, cooldown };
  const wait = waited + 1;
  const lowest = learningRate * state.factor <= schedule.minLearningRate;
  if (wait < schedule.patience || lowest) return { ...state, wait, cooldown };
  return { ...state, factor: state.factor * schedule.factor, wait: 0, cooldown: schedule.cooldown };
}
