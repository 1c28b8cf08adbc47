/** A small Gaussian blur, as a slide slightly out of focus shows it; separable, edges mirrored. */

/** Below this sigma the kernel's side taps round to nothing. */
const smallestSigmaPx = 0.2;

/** Blurs `pixels` [side, side, rgb] uint8 in place; the kernel ends at 2.5 sigma. */
export function blur(pixels: Uint8Array, side: number, sigmaPx: number): void {
  if (sigmaPx < smallestSigmaPx) return;
  const weights = gaussian(sigmaPx);
  const across = new Float32Array(pixels.length);
  for (let row = 0; row < side; row++) pass(pixels, across, row * side * 3, 3, side, weights);
  for (let column = 0; column < side; column++) pass(across, pixels, column * 3, side * 3, side, weights);
}

/** Half of the kernel, centre first; the whole sums to 1. */
function gaussian(sigmaPx: number): Float64Array {
  const radius = Math.ceil(2.5 * sigmaPx);
  const half = Float64Array.from({ length: radius + 1 }, (_, i) => Math.exp((-i * i) / (2 * sigmaPx * sigmaPx)));
  const sum = 2 * half.reduce((a, b) => a + b, 0) - half[0]!;
  return half.map((value) => value / sum);
}

/** One line of `length` pixels, `step` values apart. */
function pass(
  from: Uint8Array | Float32Array,
  into: Uint8Array | Float32Array,
  start: number,
  step: number,
  length: number,
  weights: Float64Array,
): void {
  const rounding = into instanceof Uint8Array ? 0.5 : 0;
  const radius = weights.length - 1;
  const last = length - 1;
  for (let at = 0; at < length; at++) {
    const centre = start + at * step;
    for (let k = 0; k < 3; k++) {
      let sum = weights[0]! * from[centre + k]!;
      for (let r = 1; r <= radius; r++) {
        const before = at - r < 0 ? Math.min(last, r - at) : at - r;
        const after = at + r > last ? Math.max(0, 2 * last - at - r) : at + r;
        sum += weights[r]! * (from[start + before * step + k]! + from[start + after * step + k]!);
      }
      into[centre + k] = sum + rounding;
    }
  }
}
