/** Figures of a classifier from truth and prediction. Classes without a single true patch have no sensitivity and do not count in the mean. */
import type { ClassMetrics } from '../core/run.ts';

/** Flat [truth * classCount + predicted] counts, so that a bootstrap can add them up fast. */
export type Confusion = Float64Array;

export function confusionOf(truth: ArrayLike<number>, predicted: ArrayLike<number>, classCount: number): Confusion {
  const out = new Float64Array(classCount * classCount);
  for (let i = 0; i < truth.length; i++) out[truth[i]! * classCount + predicted[i]!]!++;
  return out;
}

/** Index of the largest probability of each row [n, classCount]; on a tie the first. */
export function predictedClasses(probabilities: ArrayLike<number>, classCount: number): Uint16Array {
  const out = new Uint16Array(probabilities.length / classCount);
  for (let i = 0; i < out.length; i++) {
    let best = 0;
    for (let c = 1; c < classCount; c++) {
      if (probabilities[i * classCount + c]! > probabilities[i * classCount + best]!) best = c;
    }
    out[i] = best;
  }
  return out;
}

/** Share of right answers; NaN without any patch. */
export function accuracyOf(confusion: Confusion, classCount: number): number {
  let right = 0;
  let all = 0;
  for (let t = 0; t < classCount; t++) {
    right += confusion[t * classCount + t]!;
    for (let p = 0; p < classCount; p++) all += confusion[t * classCount + p]!;
  }
  return right / all;
}

/** Mean sensitivity over the classes that have patches; NaN without any. */
export function balancedAccuracyOf(confusion: Confusion, classCount: number): number {
  let sum = 0;
  let present = 0;
  for (let t = 0; t < classCount; t++) {
    let all = 0;
    for (let p = 0; p < classCount; p++) all += confusion[t * classCount + p]!;
    if (all === 0) continue;
    sum += confusion[t * classCount + t]! / all;
    present++;
  }
  return sum / present;
}

/** Sensitivity, specificity and precision a class against all others; null where the denominator is empty. */
export function classMetricsOf(confusion: Confusion, names: readonly string[]): ClassMetrics[] {
  const n = names.length;
  const total = confusion.reduce((a, b) => a + b, 0);
  return names.map((name, c) => {
    const hit = confusion[c * n + c]!;
    let truth = 0;
    let predicted = 0;
    for (let k = 0; k < n; k++) {
      truth += confusion[c * n + k]!;
      predicted += confusion[k * n + c]!;
    }
    const negatives = total - truth;
    const share = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);
    return {
      name,
      sensitivity: share(hit, truth),
      specificity: share(negatives - (predicted - hit), negatives),
      precision: share(hit, predicted),
      patches: truth,
    };
  });
}

/** -log p(truth) of each row; probabilities [n, classCount] are kept at 1e-7 or above, as in Keras. */
export function logLossesOf(
  truth: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  classCount: number,
): Float64Array {
  return Float64Array.from(
    truth,
    (label, i) => -Math.log(Math.min(1, Math.max(1e-7, probabilities[i * classCount + label]!))),
  );
}

/** Mean of `logLossesOf`. */
export function logLossOf(truth: ArrayLike<number>, probabilities: ArrayLike<number>, classCount: number): number {
  return logLossesOf(truth, probabilities, classCount).reduce((sum, loss) => sum + loss, 0) / truth.length;
}
