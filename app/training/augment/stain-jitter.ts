/**
 * Stain jitter in haematoxylin-eosin-residual space (Ruifrok and Johnston 2001; jitter as Tellez et al. 2018), with
 * brightness in the same pass.
 *
 *     od = -ln(rgb / 255)      stains = od · S⁻¹      stains' = stains * factor + shift      rgb' = 255 exp(-stains' · S)
 *
 * All of it is one affine map of the optical density, od' = od · A + b, and a change of brightness is a constant in b:
 * a table for the logarithm and one for the exponential make it cheap.
 */
import type { TissueView, Triple } from './view.ts';

/** Optical density of pure haematoxylin, eosin and residual (DAB) in red, green, blue, rows of unit length. */
const stainVectors: readonly [Triple, Triple, Triple] = [
  [0.65, 0.7, 0.29],
  [0.07, 0.99, 0.11],
  [0.27, 0.57, 0.78],
].map((row) => {
  const length = Math.hypot(...row);
  return row.map((value) => value / length);
}) as unknown as readonly [Triple, Triple, Triple];

const inverseVectors = invert(stainVectors);

/** Optical density of each grey value; black counts as 1 so that it stays finite. */
const density = Float32Array.from({ length: 256 }, (_, grey) => -Math.log(Math.max(grey, 1) / 255));

/** Grey value of an optical density in steps of 1 / densitySteps: the error stays below a quarter of a grey value. */
const densitySteps = 1024;
const darkest = 6 * densitySteps;
const grey = Uint8Array.from({ length: darkest + 1 }, (_, step) => Math.round(255 * Math.exp(-step / densitySteps)));

/** Changes `pixels` [n, rgb] uint8 in place. */
export function jitterStain(pixels: Uint8Array, view: Pick<TissueView, 'stain' | 'brightness'>): void {
  if (view.stain === null && view.brightness === 1) return;
  const { matrix, offset } = densityMap(view);
  const m = matrix.map((value) => value * densitySteps);
  const [m00, m01, m02, m10, m11, m12, m20, m21, m22] = m as unknown as [...Triple, ...Triple, ...Triple];
  const [b0, b1, b2] = offset.map((value) => value * densitySteps + 0.5) as unknown as Triple;
  for (let i = 0; i < pixels.length; i += 3) {
    const red = density[pixels[i]!]!;
    const green = density[pixels[i + 1]!]!;
    const blue = density[pixels[i + 2]!]!;
    pixels[i] = grey[clampStep(red * m00 + green * m10 + blue * m20 + b0)]!;
    pixels[i + 1] = grey[clampStep(red * m01 + green * m11 + blue * m21 + b1)]!;
    pixels[i + 2] = grey[clampStep(red * m02 + green * m12 + blue * m22 + b2)]!;
  }
}

function clampStep(step: number): number {
  return step < 0 ? 0 : step > darkest ? darkest : step | 0;
}

/** od' = od · matrix + offset; matrix row by row. */
function densityMap({ stain, brightness }: Pick<TissueView, 'stain' | 'brightness'>): {
  matrix: number[];
  offset: number[];
} {
  const factor = stain?.factor ?? [1, 1, 1];
  const shift = stain?.shift ?? [0, 0, 0];
  const matrix: number[] = [];
  for (let from = 0; from < 3; from++) {
    for (let to = 0; to < 3; to++) {
      let sum = 0;
      for (let s = 0; s < 3; s++) sum += inverseVectors[from]![s]! * factor[s]! * stainVectors[s]![to]!;
      matrix.push(sum);
    }
  }
  const offset = [0, 1, 2].map((to) => {
    let sum = -Math.log(brightness);
    for (let s = 0; s < 3; s++) sum += shift[s]! * stainVectors[s]![to]!;
    return sum;
  });
  return { matrix, offset };
}

function invert([[a, b, c], [d, e, f], [g, h, i]]: readonly [Triple, Triple, Triple]): [Triple, Triple, Triple] {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  return [
    [(e * i - f * h) / determinant, (c * h - b * i) / determinant, (b * f - c * e) / determinant],
    [(f * g - d * i) / determinant, (a * i - c * g) / determinant, (c * d - a * f) / determinant],
    [(d * h - e * g) / determinant, (b * g - a * h) / determinant, (a * e - b * d) / determinant],
  ];
}
