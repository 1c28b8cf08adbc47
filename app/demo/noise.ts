/** Smooth noise that tiles, drawn once a slide and looked up per pixel. */
import type { Random } from '../core/random.ts';

export interface NoiseTile {
  /** [size, size] row by row, 0..255; size is a power of two, so a position wraps with `& mask`. */
  readonly data: Uint8Array;
  readonly size: number;
  readonly mask: number;
}

/** Value noise of the given cell sizes (powers of two, px along x and y), each octave with its weight. */
export function noiseTile(
  size: number,
  octaves: readonly { readonly cellX: number; readonly cellY: number; readonly weight: number }[],
  random: Random,
): NoiseTile {
  const sum = new Float32Array(size * size);
  let weights = 0;
  for (const { cellX, cellY, weight } of octaves) {
    addOctave(sum, size, cellX, cellY, weight, random);
    weights += weight;
  }
  const data = new Uint8Array(size * size);
  for (let i = 0; i < data.length; i++) data[i] = (sum[i]! / weights) * 255;
  return { data, size, mask: size - 1 };
}

function addOctave(
  sum: Float32Array,
  size: number,
  cellX: number,
  cellY: number,
  weight: number,
  random: Random,
): void {
  const columns = size / cellX;
  const rows = size / cellY;
  const lattice = Float32Array.from({ length: columns * rows }, () => random.next());
  const smooth = (t: number): number => t * t * (3 - 2 * t);
  for (let y = 0; y < size; y++) {
    const row = Math.floor(y / cellY);
    const ty = smooth(y / cellY - row);
    const top = row * columns;
    const bottom = ((row + 1) % rows) * columns;
    for (let x = 0; x < size; x++) {
      const column = Math.floor(x / cellX);
      const next = (column + 1) % columns;
      const tx = smooth(x / cellX - column);
      const a = lattice[top + column]! + (lattice[top + next]! - lattice[top + column]!) * tx;
      const b = lattice[bottom + column]! + (lattice[bottom + next]! - lattice[bottom + column]!) * tx;
      sum[y * size + x]! += weight * (a + (b - a) * ty);
    }
  }
}
