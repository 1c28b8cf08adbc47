/** Categorical cross-entropy from logits, with label smoothing and class weights as Keras defines them. */
import type * as tf from '@tensorflow/tfjs';
import type { Recipe } from '../core/recipe.ts';

/**
 * One loss a patch, `[n]`: -sum_k y_k log softmax(logits)_k, times the weight of its class.
 *
 * @param logits `[n, classes]`
 * @param classIndices `[n]`
 */
export function crossEntropy(
  engine: typeof tf,
  logits: tf.Tensor2D,
  classIndices: readonly number[],
  labelSmoothing: number,
  classWeights: readonly number[] | null,
): tf.Tensor1D {
  const classes = logits.shape[1];
  const oneHot = engine.oneHot(engine.tensor1d([...classIndices], 'int32'), classes).toFloat(); // [n, classes]
  const target = labelSmoothing > 0 ? oneHot.mul(1 - labelSmoothing).add(labelSmoothing / classes) : oneHot;
  const losses = target.mul(engine.logSoftmax(logits)).sum(1).neg() as tf.Tensor1D; // [n]
  if (classWeights === null) return losses;
  return losses.mul(engine.tensor1d(classIndices.map((index) => classWeights[index]!)));
}

/** The weight of each class: patches / (classes * patches of the class), so that every class counts the same; null is none. */
export function classWeightsFor(
  { classWeights }: Recipe['loss'],
  classIndices: readonly number[],
  classCount: number,
): readonly number[] | null {
  if (classWeights === 'none') return null;
  const counts = new Array<number>(classCount).fill(0);
  for (const index of classIndices) counts[index]!++;
  return counts.map((count) => (count === 0 ? 0 : classIndices.length / (classCount * count)));
}
