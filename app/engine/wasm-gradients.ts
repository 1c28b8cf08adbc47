/** Gradients that TensorFlow.js composes of many full-size tensors, as one kernel each. Other backends keep the composed form. */
import type * as tf from '@tensorflow/tfjs';
import { BATCH_NORM_RELU } from './batch-norm-relu.ts';
import { overrideGradient } from './override-gradient.ts';
import { BATCH_NORM_GRADIENT } from './wasm-batch-norm.ts';
import { CLIP_GRADIENT, RELU_GRADIENT } from './wasm-pointwise.ts';

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
    const inputs = { x, dy, mean, variance, ...(scale && { scale }) };
    const range = { low: -Infinity, high: Infinity };
    const [dx, dScale, dOffset] = run(BATCH_NORM_GRADIENT, inputs, {
      ...attrs,
      ...range,
    } as tf.NamedAttrMap) as tf.Tensor[];
    return {
      x: () => dx!,
      scale: () => dScale!,
      offset: () => dOffset!,
      mean: () => shipped(dy, saved, attrs).mean!(),
      variance: () => shipped(dy, saved, attrs).variance!(),
    };
  });
  engine.registerGradient({
    kernelName: BATCH_NORM_RELU,
    inputsToSave: ['x', 'mean', 'variance', 'offset', 'scale'],
    gradFunc: (dy, saved, attrs) => {
      const [x, mean, variance, offset, scale] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const inputs = { x, dy: dy as tf.Tensor, mean, variance, offset, scale };
      const { varianceEpsilon, cap } = attrs as { varianceEpsilon: number; cap: number };
      const range = { varianceEpsilon, low: 0, high: cap };
      const [dx, dScale, dOffset] = run(BATCH_NORM_GRADIENT, inputs, range) as tf.Tensor[];
      return { x: () => dx!, scale: () => dScale!, offset: () => dOffset! };
    },
  });
}
