/** The same formula weights and pictures as test/reference/formula.py: a hash of a tensor's name and an index. */
import type { BackboneWeights } from '../../app/networks/backbone.ts';

/** `count` numbers in [-1, 1) that the name and the index decide. */
export function uniform(name: string, count: number): Float64Array {
  let seed = 2166136261;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 16777619);
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let x = (Math.imul(i, 2654435761) + seed) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    numbers[i] = ((x ^ (x >>> 16)) >>> 0) / 2 ** 31 - 1;
  }
  return numbers;
}

/** Kernels keep the size of what runs through them (He 2015); averages and scales stay near those of a trained network. */
export function formulaWeight(name: string, shape: readonly number[]): Float32Array {
  const u = uniform(name, product(shape));
  const { centre, reach } = rangeOf(name.split('/').at(-1)!, shape);
  const values = new Float32Array(u.length);
  for (let i = 0; i < u.length; i++) values[i] = centre + reach * u[i]!;
  return values;
}

function rangeOf(kind: string, shape: readonly number[]): { centre: number; reach: number } {
  if (kind === 'kernel') return { centre: 0, reach: Math.sqrt(6 / product(shape.slice(0, -1))) };
  if (kind === 'depthwise_kernel') return { centre: 0, reach: Math.sqrt(6 / product(shape.slice(0, 2))) };
  if (kind === 'gamma') return { centre: 1, reach: 0.25 };
  if (kind === 'moving_variance') return { centre: 1.25, reach: 0.5 };
  return { centre: 0, reach: 0.1 };
}

const product = (lengths: readonly number[]): number => lengths.reduce((a, b) => a * b, 1);

/** Formula weights for these names and shapes. */
export function formulaWeights(
  weights: readonly { readonly name: string; readonly shape: readonly number[] }[],
): BackboneWeights {
  const parts = weights.map(({ name, shape }) => formulaWeight(name, shape));
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => {
    data.set(part, at);
    return at + part.length;
  }, 0);
  const specs = weights.map(({ name, shape }) => ({ name, shape: [...shape], dtype: 'float32' as const }));
  return { specs, data: data.buffer, sha256: 'f'.repeat(64) };
}

/** uint8 `[count, size, size, rgb]`: waves and noise. */
export function formulaPictures(count: number, sizePx: number): Uint8Array {
  const noise = uniform('pictures', count * sizePx * sizePx * 3);
  return Uint8Array.from(noise, (u, i) => {
    const [channel, x, y] = [i % 3, Math.floor(i / 3) % sizePx, Math.floor(i / 3 / sizePx)];
    return Math.floor(127 + 70 * Math.sin(x * 0.11 * (channel + 1)) * Math.cos(y * 0.07) + 50 * u);
  });
}

export interface Summary {
  readonly norm: number;
  readonly values: readonly number[];
}

/** The Euclidean norm and four values of a tensor, as the reference scripts store them. */
export function summaryOf(values: ArrayLike<number>): Summary {
  const { length } = values;
  const places = [0, 1, 2, 3].map((k) => (k * 7919 + Math.floor(length / 3)) % length);
  let squares = 0;
  for (let i = 0; i < length; i++) squares += values[i]! ** 2;
  return { norm: Math.sqrt(squares), values: places.map((place) => values[place]!) };
}
