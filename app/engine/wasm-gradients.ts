/** Gradients that TensorFlow.js composes of many full-size tensors, as one kernel each. Other backends keep the composed form. */
import type * as tf from '@tensorflow/tfjs';
import { CLIP_GRADIENT, COLUMN_SUMS, RELU_GRADIENT, SCALE_CHANNELS } from './wasm-pointwise.ts';

type GradientOf = (
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attrs: Record<string, unknown>,
) => Record<string, () => tf.Tensor>;

const overridden = new WeakSet<object>();

/** Replaces the gradients of relu, relu6, clipping and batch normalization while the wasm backend is active. */
export function overrideWasmGradients(engine: typeof tf): void {
  if (overridden.has(engine)) return;
  overridden.add(engine);
  const run = (name: string, inputs: Record<string, tf.Tensor>, attrs: tf.NamedAttrMap = {}): tf.Tensor | tf.Tensor[] =>
    engine.engine().runKernel(name, inputs, attrs);
  const one = (name: string, inputs: Record<string, tf.Tensor>, attrs: tf.NamedAttrMap = {}): tf.Tensor =>
    run(name, inputs, attrs) as tf.Tensor;

  override(engine, 'Relu', (dy, saved) => ({ x: () => one(RELU_GRADIENT, { x: saved[0]!, dy }, { cap: Infinity }) }));
  override(engine, 'Relu6', (dy, saved) => ({ x: () => one(RELU_GRADIENT, { x: saved[0]!, dy }, { cap: 6 }) }));
  override(engine, 'ClipByValue', (dy, saved, attrs) => {
    const range = { low: attrs.clipValueMin as number, high: attrs.clipValueMax as number };
    return { x: () => one(CLIP_GRADIENT, { x: saved[0]!, dy }, range) };
  });
  override(engine, 'FusedBatchNorm', (dy, saved, attrs, shipped) => {
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

function override(
  engine: typeof tf,
  kernelName: string,
  gradient: (...args: [...Parameters<GradientOf>, shipped: GradientOf]) => ReturnType<GradientOf>,
): void {
  const config = engine.getGradient(kernelName)!;
  const shipped = config.gradFunc as unknown as GradientOf;
  const chosen: GradientOf = (dy, saved, attrs) =>
    engine.getBackend() === 'wasm' ? gradient(dy, saved, attrs, shipped) : shipped(dy, saved, attrs);
  engine.unregisterGradient(kernelName);
  engine.registerGradient({ ...config, gradFunc: chosen as unknown as tf.GradFunc });
}
