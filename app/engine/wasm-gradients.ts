/** Gradients that TensorFlow.js composes of many full-size tensors, as one kernel each. Other backends keep the composed form. */
import type * as tf from '@tensorflow/tfjs';
import { overrideGradient } from './override-gradient.ts';
import { CLIP_GRADIENT, COLUMN_SUMS, RELU_GRADIENT, SCALE_CHANNELS } from './wasm-pointwise.ts';

const overridden = new WeakSet<object>();

/** Replaces the gradients of relu, relu6, clipping and batch normalization while the wasm backend is active. */
export function overrideWasmGradients(engine: typeof tf): void {
  if (overridden.has(engine)) return;
  overridden.add(engine);
  const run = (name: string, inputs: Record<string, tf.Tensor>, attrs: tf.NamedAttrMap = {}): tf.Tensor | tf.Tensor[] =>
    engine.engine().runKernel(name, inputs, attrs);
  const one = (name: string, inputs: Record<string, tf.Tensor>, attrs: tf.NamedAttrMap = {}): tf.Tensor =>
    run(name, inputs, attrs) as tf.Tensor;

  overrideGradient(engine, 'wasm', 'Relu', (dy, saved) => ({
    x: () => one(RELU_GRADIENT, { x: saved[0]!, dy }, { cap: Infinity }),
  }));
  overrideGradient(engine, 'wasm', 'Relu6', (dy, saved) => ({
    x: () => one(RELU_GRADIENT, { x: saved[0]!, dy }, { cap: 6 }),
  }));
  overrideGradient(engine, 'wasm', 'ClipByValue', (dy, saved, attrs) => {
    const range = { low: attrs.clipValueMin as number, high: attrs.clipValueMax as number };
    return { x: () => one(CLIP_GRADIENT, { x: saved[0]!, dy }, range) };
  });
  overrideGradient(engine, 'wasm', 'FusedBatchNorm', (dy, saved, attrs, shipped) => {
    const [x, mean, variance, scale] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | undefined];
    if (mean.rank !== 1) return shipped(dy, saved, attrs);
    const inverse = engine.rsqrt(variance.add(attrs.varianceEpsilon as number)); // [channels] 1 / standard deviation
    const [sum, product] = run(COLUMN_SUMS, { a: dy, b: x }) as [tf.Tensor, tf.Tensor]; // one pass for scale and offset
    return {
      x: () => one(SCALE_CHANNELS, { x: dy, factor: scale == null ? inverse : inverse.mul(scale) }),
      scale: () => product.sub(sum.mul(mean)).mul(inverse),
      offset: () => sum.clone(),
      mean: () => shipped(dy, saved, attrs).mean!(),
      variance: () => shipped(dy, saved, attrs).variance!(),
    };
  });
}
