/**
 * Sums that keep nothing for the backward pass: TensorFlow.js keeps both terms, which a gradient of a sum does not need, and with
 * them the largest activations of a residual network.
 */
import type * as tf from '@tensorflow/tfjs';

/** a + b, of one shape. */
export function leanAdd(engine: typeof tf, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const add = engine.customGrad((...inputs) => {
    const [left, right] = inputs as tf.Tensor[];
    return { value: left!.add(right!), gradFunc: (dy: tf.Tensor) => [dy.clone(), dy.clone()] };
  });
  return add(a, b);
}

/** x `[..., channels]` + bias `[channels]`. */
export function leanBias(engine: typeof tf, x: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const rows = x.shape.slice(0, -1).map((_, axis) => axis);
  const add = engine.customGrad((...inputs) => {
    const [left, right] = inputs as tf.Tensor[];
    return { value: left!.add(right!), gradFunc: (dy: tf.Tensor) => [dy.clone(), dy.sum(rows)] };
  });
  return add(x, bias);
}
