/** The result of a training run that was a cross-validation, and its numbers in words. Pure. */
import type { RunView } from '../../app/core/project.ts';
import type { Evaluation } from '../../app/core/run.ts';

interface Spread {
  readonly mean: number;
  /** Standard deviation over the folds. */
  readonly deviation: number;
}

export interface FoldsResult {
  readonly folds: readonly { readonly fold: number; readonly attach: string; readonly test: Evaluation }[];
  readonly accuracy: Spread;
  readonly balancedAccuracy: Spread;
  readonly loss: Spread;
}

/** Null for a run that gave a model, or nothing yet. */
export function foldsResultOf({ result }: Pick<RunView, 'result'>): FoldsResult | null {
  return Array.isArray(result?.folds) ? (result as unknown as FoldsResult) : null;
}

/** `0.94 ± 0.02` */
export function spreadWords({ mean, deviation }: Spread): string {
  return `${mean.toFixed(2)} ± ${deviation.toFixed(2)}`;
}
