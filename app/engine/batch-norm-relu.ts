/**
 * relu(batchNorm(x)) in inference mode as one operation, where the active backend has it as one kernel (wasm): the normalised
 * values are neither written nor kept for the backward pass, which takes them from x again.
 */
import type * as tf from '@tensorflow/tfjs';

/** A kernel of ours; inputs x, mean, variance, offset, scale, attributes varianceEpsilon and cap. */
export const BATCH_NORM_RELU = 'EosinBatchNormRelu';

/** What normalises: `[channels]` each. */
export interface NormConstants {
  readonly mean: tf.Tensor1D;
  readonly variance: tf.Tensor1D;
  readonly offset: tf.Tensor1D;
  readonly scale: tf.Tensor1D;
  readonly epsilon: number;
}

/** @param cap 6 (relu6) or infinity (relu). */
export function batchNormRelu(engine: typeof tf, x: tf.Tensor, constants: NormConstants, cap: number): tf.Tensor {
  const { mean, variance, offset, scale, epsilon } = constants;
  if (engine.getKernel(BATCH_NORM_RELU, engine.getBackend())) {
    const inputs = { x, mean, variance, offset, scale };
    return engine.engine().runKernel(BATCH_NORM_RELU, inputs, { varianceEpsilon: epsilon, cap }) as tf.Tensor;
  }
  const normed = engine.batchNorm(x, mean, variance, offset, scale, epsilon);
  return cap === 6 ? engine.relu6(normed) : engine.relu(normed);
}
