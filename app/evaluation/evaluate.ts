/** The evaluation that a run stores and a report shows, from probabilities and truth of one part of the split. */
import { EosinError } from '../core/errors.ts';
import type { Evaluation } from '../core/run.ts';
import { bootstrapIntervals } from './bootstrap.ts';
import { accuracyOf, balancedAccuracyOf, classMetricsOf, confusionOf, logLossOf, predictedClasses } from './metrics.ts';

export interface EvaluationInput {
  /** Class index of each patch. */
  readonly truth: ArrayLike<number>;
  /** [n, classes] row by row. */
  readonly probabilities: ArrayLike<number>;
  readonly classNames: readonly string[];
  /** The patient of each patch; null where nobody knows. */
  readonly patients: readonly string[] | null;
  readonly seed: number;
  /** Balanced accuracy of the colour baseline on the same patches, where there is one. */
  readonly colourBaseline: number | null;
}

/** Throws `evaluation/empty` when there is not one patch. */
export function evaluate({
  truth,
  probabilities,
  classNames,
  patients,
  seed,
  colourBaseline,
}: EvaluationInput): Evaluation {
  if (truth.length === 0) {
    throw new EosinError('evaluation/empty', 'input', 'There is no labelled patch to evaluate on.', {
      remedy: 'Label regions on a slide of this part of the split, then try again.',
    });
  }
  const classCount = classNames.length;
  const predicted = predictedClasses(probabilities, classCount);
  const confusion = confusionOf(truth, predicted, classCount);
  const [accuracy, balancedAccuracy] = bootstrapIntervals({ truth, predicted, classCount, patients, seed }, [
    accuracyOf,
    balancedAccuracyOf,
  ]);
  return {
    patches: truth.length,
    patients: patients === null ? null : new Set(patients).size,
    accuracy: accuracy!,
    balancedAccuracy: balancedAccuracy!,
    loss: logLossOf(truth, probabilities, classCount),
    classes: classMetricsOf(confusion, classNames),
    confusion: classNames.map((_, t) => Array.from(confusion.subarray(t * classCount, (t + 1) * classCount))),
    colourBaseline,
  };
}
