/** Pooled activations: what a layer says of a picture, as one vector. */
import { EosinError } from '../core/errors.ts';
import type { ForwardRunner } from '../training/ports.ts';

/**
 * One vector a picture from the graph's output `output`: `[n, channels]` as it is, `[n, h, w, channels]` averaged over
 * height and width. `pixels` is [count, size, size, rgb] uint8; `channels` is the layer's number of channels.
 */
export async function pooledFeatures(
  runner: ForwardRunner,
  pixels: Uint8Array,
  count: number,
  output: string,
  channels: number,
): Promise<Float32Array[]> {
  const outputs = await runner.run(pixels, count);
  const values = outputs[output];
  if (values === undefined) {
    throw new EosinError('features/no-layer', 'usage', `The network has no layer ${output}.`, {
      remedy: `Choose one of: ${Object.keys(outputs).join(', ')}.`,
    });
  }
  const cells = values.length / count / channels; // h * w
  if (!Number.isInteger(cells) || cells < 1) {
    throw new RangeError(`${output}: ${values.length} values are no ${count} maps of ${channels} channels`);
  }
  return Array.from({ length: count }, (_, picture) =>
    meanOverCells(values, picture * cells * channels, cells, channels),
  );
}

function meanOverCells(values: Float32Array, start: number, cells: number, channels: number): Float32Array {
  const mean = new Float64Array(channels);
  for (let cell = 0; cell < cells; cell++) {
    for (let c = 0; c < channels; c++) mean[c]! += values[start + cell * channels + c]!;
  }
  return Float32Array.from(mean, (sum) => sum / cells);
}
