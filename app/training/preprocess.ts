/** Pixels as the backbone wants them, for forward passes on the engine; ONNX graphs carry the same inside. */
import type { Preprocessing } from '../networks/backbone.ts';

/** `pixels` [n, rgb] uint8 -> `values` [n, channels] float32, (pixel - mean) / scale in the backbone's channel order. */
export function preprocess(
  pixels: Uint8Array,
  { channels, mean, scale }: Preprocessing,
  values: Float32Array = new Float32Array(pixels.length),
): Float32Array {
  const source = channels === 'rgb' ? [0, 1, 2] : [2, 1, 0];
  for (let k = 0; k < 3; k++) {
    const from = source[k]!;
    const factor = 1 / scale[k]!;
    const offset = mean[k]!;
    const table = Float32Array.from({ length: 256 }, (_, pixel) => (pixel - offset) * factor);
    for (let i = 0; i < pixels.length; i += 3) values[i + k] = table[pixels[i + from]!]!;
  }
  return values;
}
