/**
 * What colour alone can tell: a histogram of a patch's colours and logistic regression. A network that does not beat it
 * has learned the stain, not the tissue.
 */
import { fitLogistic, type LogisticModel, predictLogistic } from './logistic-regression.ts';
import { balancedAccuracyOf, confusionOf, predictedClasses } from './metrics.ts';

/** Bins an axis of the RGB cube. */
const bins = 8;
/** Length of a patch's feature row. */
export const colourFeatureCount = bins ** 3;

/** [8, 8, 8] joint RGB histogram of `rgb` [n, rgb] uint8, as square roots of shares (Hellinger), at `into[offset...]`. */
export function colourFeatures(rgb: Uint8Array, into: Float32Array, offset = 0): void {
  const counts = new Uint32Array(colourFeatureCount);
  for (let i = 0; i + 2 < rgb.length; i += 3) {
    counts[((rgb[i]! >> 5) * bins + (rgb[i + 1]! >> 5)) * bins + (rgb[i + 2]! >> 5)]!++;
  }
  const pixels = rgb.length / 3;
  for (let b = 0; b < colourFeatureCount; b++) into[offset + b] = Math.sqrt(counts[b]! / pixels);
}

/** `features` [n, colourFeatureCount] row by row, `labels` n class indices. */
export function trainColourBaseline(
  features: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
): LogisticModel {
  return fitLogistic(features, labels, classCount, { l2: 1e-2, balanced: true, maxIterations: 100 });
}

/** Balanced accuracy of the baseline on `features` [n, colourFeatureCount]. */
export function colourBaselineAccuracy(
  model: LogisticModel,
  features: Float32Array,
  labels: ArrayLike<number>,
): number {
  const predicted = predictedClasses(predictLogistic(model, features), model.classCount);
  return balancedAccuracyOf(confusionOf(labels, predicted, model.classCount), model.classCount);
}
