/** What the training bench keeps of an evaluation. */
import type { Evaluation } from '../../../app/core/run.ts';

export interface Score {
  readonly accuracy: number;
  readonly loss: number;
  readonly patches: number;
}

export function scoreOf({ accuracy, loss, patches }: Evaluation): Score {
  return { accuracy: accuracy.value, loss, patches };
}

/** `accuracy 0.948 loss 0.156`. */
export function pairOf({ accuracy, loss }: Score): string {
  return `accuracy ${accuracy.toFixed(3)} loss ${loss.toFixed(3)}`;
}
