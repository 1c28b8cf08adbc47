/**
 * Resampling by area: an output px is the mean of the source px under it, each weighted by how much of it is covered, so that nothing
 * aliases and nothing is sharpened. Where the output is finer than the source the weights are bilinear instead.
 *
 *     source   |  a  |  b  |  c  |  d  |
 *     output   |    0     |    1     |        0 = (a + 0.8 b) / 1.8
 */

/** For each output px: the first source px and the weights (they sum to 1) of the `taps` px from there on. */
interface Axis {
  readonly first: Int32Array;
  readonly weights: Float32Array;
  readonly taps: number;
}

/** The source px [from, to) that `count` output px from `origin` on touch, in source px that are `step` apart. */
export function sourceSpan(origin: number, step: number, count: number): { from: number; to: number } {
  const margin = step < 1 ? 0.5 : 0;
  return { from: Math.floor(origin - margin), to: Math.ceil(origin + count * step + margin) };
}

/** Rounds what arithmetic left a hair beside a whole number, so that whole steps take the exact way. */
export function snap(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) < 1e-4 ? whole : value;
}

export interface Window {
  /** [heightPx, widthPx, rgb] of the source px from (x, y) on. */
  readonly data: Uint8Array;
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface Target {
  readonly data: Uint8Array;
  /** Px of a whole row of `data`. */
  readonly rowPx: number;
  /** Where in `data` the output goes. */
  readonly left: number;
  readonly top: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Fills `target` from the window; output px (i, j) covers the source from (x + i * stepX, y + j * stepY) on. */
export function resample(window: Window, x: number, y: number, stepX: number, stepY: number, target: Target): void {
  const left = x - window.x;
  const top = y - window.y;
  if (Number.isInteger(left) && Number.isInteger(top) && stepX === stepY && Number.isInteger(stepX))
    return stepX === 1 ? copy(window, left, top, target) : shrink(window, left, top, stepX, target);
  const across = axisFor(left, stepX, target.widthPx);
  const down = axisFor(top, stepY, target.heightPx);
  // Two neighbouring output rows share at most two source rows: those stay, by parity.
  const rows = [new Float32Array(target.widthPx * 3), new Float32Array(target.widthPx * 3)];
  const held = [-1, -1];
  const sum = new Float32Array(target.widthPx * 3);
  for (let j = 0; j < target.heightPx; j++) {
    sum.fill(0);
    for (let tap = 0; tap < down.taps; tap++) {
      const weight = down.weights[j * down.taps + tap]!;
      if (weight === 0) continue;
      const source = clamp(down.first[j]! + tap, window.heightPx);
      const slot = source & 1;
      const row = rows[slot]!;
      if (held[slot] !== source) {
        filterRow(window, source, across, row);
        held[slot] = source;
      }
      for (let k = 0; k < sum.length; k++) sum[k] = sum[k]! + weight * row[k]!;
    }
    target.data.set(new Uint8ClampedArray(sum), ((target.top + j) * target.rowPx + target.left) * 3);
  }
}

function clamp(index: number, count: number): number {
  return index < 0 ? 0 : index >= count ? count - 1 : index;
}

function axisFor(origin: number, step: number, count: number): Axis {
  const taps = step < 1 ? 2 : Math.ceil(step) + 1;
  const first = new Int32Array(count);
  const weights = new Float32Array(count * taps);
  for (let i = 0; i < count; i++) {
    if (step < 1) {
      const centre = origin + (i + 0.5) * step - 0.5;
      first[i] = Math.floor(centre);
      weights[i * 2 + 1] = centre - first[i]!;
      weights[i * 2] = 1 - weights[i * 2 + 1]!;
    } else {
      const from = origin + i * step;
      const to = from + step;
      first[i] = Math.floor(from);
      for (let tap = 0; tap < taps; tap++) {
        const px = first[i]! + tap;
        weights[i * taps + tap] = Math.max(0, Math.min(to, px + 1) - Math.max(from, px)) / step;
      }
    }
  }
  return { first, weights, taps };
}

function filterRow(window: Window, y: number, across: Axis, out: Float32Array): void {
  const { data, widthPx } = window;
  const row = y * widthPx;
  for (let i = 0; i < across.first.length; i++) {
    let r = 0;
    let g = 0;
    let b = 0;
    for (let tap = 0; tap < across.taps; tap++) {
      const weight = across.weights[i * across.taps + tap]!;
      if (weight === 0) continue;
      const at = (row + clamp(across.first[i]! + tap, widthPx)) * 3;
      r += weight * data[at]!;
      g += weight * data[at + 1]!;
      b += weight * data[at + 2]!;
    }
    out[i * 3] = r;
    out[i * 3 + 1] = g;
    out[i * 3 + 2] = b;
  }
}

function copy(window: Window, left: number, top: number, target: Target): void {
  for (let j = 0; j < target.heightPx; j++) {
    const from = ((top + j) * window.widthPx + left) * 3;
    target.data.set(
      window.data.subarray(from, from + target.widthPx * 3),
      ((target.top + j) * target.rowPx + target.left) * 3,
    );
  }
}

/** Whole steps: the mean of factor x factor px; a cell that the window cuts off is the mean of what is there. */
function shrink(window: Window, left: number, top: number, factor: number, target: Target): void {
  const { data, widthPx, heightPx } = window;
  const sums = new Uint32Array(target.widthPx * 3);
  const fullCells = Math.min(target.widthPx, Math.floor((widthPx - left) / factor));
  for (let j = 0; j < target.heightPx; j++) {
    sums.fill(0);
    const fromRow = top + j * factor;
    const rows = Math.min(factor, heightPx - fromRow);
    for (let y = fromRow; y < fromRow + rows; y++) {
      let at = (y * widthPx + left) * 3;
      for (let i = 0; i < target.widthPx; i++) {
        const end = i < fullCells ? at + factor * 3 : (y + 1) * widthPx * 3;
        let r = 0;
        let g = 0;
        let b = 0;
        for (; at < end; at += 3) {
          r += data[at]!;
          g += data[at + 1]!;
          b += data[at + 2]!;
        }
        sums[i * 3] = sums[i * 3]! + r;
        sums[i * 3 + 1] = sums[i * 3 + 1]! + g;
        sums[i * 3 + 2] = sums[i * 3 + 2]! + b;
      }
    }
    const out = ((target.top + j) * target.rowPx + target.left) * 3;
    for (let i = 0; i < target.widthPx; i++) {
      const columns = i < fullCells ? factor : widthPx - left - i * factor;
      const cells = rows * columns;
      for (let c = 0; c < 3; c++) target.data[out + i * 3 + c] = Math.floor(sums[i * 3 + c]! / cells + 0.5);
    }
  }
}

/** A picture a whole factor smaller; the last column and row may cover less. */
export function shrinkBy(
  factor: number,
  data: Uint8Array,
  widthPx: number,
  heightPx: number,
): { data: Uint8Array; widthPx: number; heightPx: number } {
  const out = { widthPx: Math.ceil(widthPx / factor), heightPx: Math.ceil(heightPx / factor) };
  const target = { data: new Uint8Array(out.widthPx * out.heightPx * 3), rowPx: out.widthPx, left: 0, top: 0, ...out };
  shrink({ data, x: 0, y: 0, widthPx, heightPx }, 0, 0, factor, target);
  return { data: target.data, ...out };
}
