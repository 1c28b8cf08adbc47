/** The measured speeds that an estimate needs. Pure. */
import type { Speeds } from '../../app/core/training-cost.ts';
import type { EngineId, Engines } from './api.ts';

/** Of the engine asked for, or of the one that Eosin would take; null until all were measured. */
export function engineSpeeds(survey: Engines | null, asked: EngineId | ''): Speeds | null {
  const training = survey?.engines.find(({ id }) => id === (asked || survey.chosen));
  const inference = survey?.engines.find(({ kind, usable }) => kind === 'inference' && usable);
  if (!training?.trainPerSecond || !training.forwardPerSecond || !inference?.forwardPerSecond) return null;
  return {
    trainPerSecond: training.trainPerSecond,
    forwardPerSecond: training.forwardPerSecond,
    inferencePerSecond: inference.forwardPerSecond,
  };
}
