/** Did a phase help? Judged by the validation loss of the same patches before and after. */
import { type PairedDifference, pairedDifference } from './paired-difference.ts';

export interface Verdict {
  readonly kept: boolean;
  readonly reason: string;
  /** By how much the validation loss fell. */
  readonly fall: PairedDifference;
}

/**
 * @param before the loss of each validation patch with the weights kept so far
 * @param after the same patches with the best weights of the phase
 * @param patients of each patch: the error is clustered where there are at least five
 * @param strict true for a rung: the fall has to be larger than its standard error; a phase of the recipe needs any fall.
 */
export function judgePhase(
  before: Float32Array,
  after: Float32Array,
  patients: readonly string[],
  strict: boolean,
): Verdict {
  const fall = pairedDifference(before, after, patients);
  const { mean, standardError, unit } = fall;
  const kept = mean > (strict ? standardError : 0);
  const change = `validation loss ${average(before).toFixed(4)} -> ${average(after).toFixed(4)}`;
  const error = `standard error of the difference ${standardError.toFixed(4)} over ${unit === 'patient' ? 'patients' : 'patches'}`;
  return { kept, reason: `${change}, ${error}`, fall };
}

function average(values: Float32Array): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
