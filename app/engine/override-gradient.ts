/** Puts a backend's own gradient in the place of the one that TensorFlow.js composes; other backends keep that. */
import type * as tf from '@tensorflow/tfjs';

/** What `tf.GradFunc` is for a kernel with one output: a gradient for each input, computed when it is asked for. */
export type GradientOf = (
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attrs: Record<string, unknown>,
) => Record<string, () => tf.Tensor>;

/** @param gradient gets the shipped one too, for cases that it leaves to it. */
export function overrideGradient(
  engine: typeof tf,
  backendName: string,
  kernelName: string,
  gradient: (...args: [...Parameters<GradientOf>, shipped: GradientOf]) => ReturnType<GradientOf>,
): void {
  const config = engine.getGradient(kernelName)!;
  const shipped = config.gradFunc as unknown as GradientOf;
  const chosen: GradientOf = (dy, saved, attrs) =>
    engine.getBackend() === backendName ? gradient(dy, saved, attrs, shipped) : shipped(dy, saved, attrs);
  engine.unregisterGradient(kernelName);
  engine.registerGradient({ ...config, gradFunc: chosen as unknown as tf.GradFunc });
}
