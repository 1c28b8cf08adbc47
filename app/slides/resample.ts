/**
 * Resampling by area: an output px is the mean of the source px under it, each weighted by how much of it is covered, so that nothing
 * aliases and nothing is sharpened. Where the output is finer than the source the weights are bilinear instead.
 *
 *     source   |  a  |  b  |  c  |  d  |
 *     output   |    0     |    1     |        0 = (a + 0.8 b) / 1.8
 */

import type { RgbImage } from '../core/slide.ts';

/** Weights are whole numbers of 1 / 2^14: what is summed then stays within 31 bits, and off by less than 0.1 grey levels. */
const weightBits = 14;
/** A row that was filtered across keeps 8 bits below the grey level. */
const rowBits = 8;

/** For output px i: `taps` source px and their weights (they sum to 2^14), at [i * taps, (i + 1) * taps). */
interface Axis {
  readonly sources: Int32Array;
  readonly weights: Int32Array;
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

/** Where in a window the slide lies: from `from` up to `to`, in window px. */
interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Window {
  /** [heightPx, widthPx, rgb] of the source px from (x, y) on. */
  readonly data: Uint8Array;
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly slideAcross: Span;
  readonly slideDown: Span;
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
  if (Number.isInteger(left) && Number.isInteger(top) && stepX === stepY && Number.isInteger(stepX)) {
    if (stepX === 1) copy(window, left, top, target);
    else if (stepX === 2 && left + target.widthPx * 2 <= window.widthPx && top + target.heightPx * 2 <= window.heightPx)
      halve(window, left, top, target);
    else shrink(window, left, top, stepX, target);
    return;
  }
  const across = axisFor(left, stepX, target.widthPx, window.widthPx, window.slideAcross);
  const down = axisFor(top, stepY, target.heightPx, window.heightPx, window.slideDown);
  // Two neighbouring output rows share at most two source rows: those stay, by parity.
  const rows = [new Int32Array(target.widthPx * 3), new Int32Array(target.widthPx * 3)] as const;
  const held = [-1, -1];
  const sum = new Int32Array(target.widthPx * 3);
  for (let j = 0; j < target.heightPx; j++) {
    sum.fill(1 << (weightBits + rowBits - 1));
    for (let tap = j * down.taps; tap < (j + 1) * down.taps; tap++) {
      const weight = down.weights[tap]!;
      if (weight === 0) continue;
      const source = down.sources[tap]!;
      const slot = (source & 1) as 0 | 1;
      if (held[slot] !== source) filterRow(window, source, across, rows[slot]);
      held[slot] = source;
      const row = rows[slot];
      for (let k = 0; k < sum.length; k++) sum[k] = (sum[k]! + Math.imul(weight, row[k]!)) | 0;
    }
    const to = ((target.top + j) * target.rowPx + target.left) * 3;
    for (let k = 0; k < sum.length; k++) target.data[to + k] = sum[k]! >> (weightBits + rowBits);
  }
}

/** Bilinear weights keep inside of the slide what is inside: the white around it must not bleed in. */
function axisFor(origin: number, step: number, count: number, windowPx: number, slide: Span): Axis {
  const taps = step < 1 ? 2 : Math.ceil(step) + 1;
  const sources = new Int32Array(count * taps);
  const weights = new Int32Array(count * taps);
  for (let i = 0; i < count; i++) {
    const middle = origin + (i + 0.5) * step;
    const from = step < 1 ? middle - 0.5 : origin + i * step;
    const inside = step < 1 && middle >= slide.from && middle < slide.to;
    const least = inside ? slide.from : 0;
    const most = (inside ? slide.to : windowPx) - 1;
    let given = 0;
    let heaviest = i * taps;
    for (let tap = 0; tap < taps; tap++) {
      const px = Math.floor(from) + tap;
      const at = i * taps + tap;
      const covered = Math.min(from + step, px + 1) - Math.max(from, px);
      const share = step < 1 ? 1 - Math.abs(from - px) : covered / step;
      sources[at] = Math.min(most, Math.max(least, px));
      weights[at] = Math.round(Math.max(0, share) * (1 << weightBits));
      given += weights[at]!;
      if (weights[at]! > weights[heaviest]!) heaviest = at;
    }
    // What rounding left over goes where it matters least: a flat picture stays flat.
    weights[heaviest]! += (1 << weightBits) - given;
  }
  return { sources, weights, taps };
}

/** One source row, filtered across, as [out.length / 3, rgb]. */
function filterRow({ data, widthPx }: RgbImage, y: number, { sources, weights, taps }: Axis, out: Int32Array): void {
  const row = y * widthPx;
  for (let i = 0, at = 0; i < out.length; i += 3) {
    let r = 0;
    let g = 0;
    let b = 0;
    for (const end = at + taps; at < end; at++) {
      const weight = weights[at]!;
      const from = (row + sources[at]!) * 3;
      r = (r + Math.imul(weight, data[from]!)) | 0;
      g = (g + Math.imul(weight, data[from + 1]!)) | 0;
      b = (b + Math.imul(weight, data[from + 2]!)) | 0;
    }
    out[i] = r >> (weightBits - rowBits);
    out[i + 1] = g >> (weightBits - rowBits);
    out[i + 2] = b >> (weightBits - rowBits);
  }
}

function copy(window: RgbImage, left: number, top: number, target: Target): void {
  for (let j = 0; j < target.heightPx; j++) {
    const from = ((top + j) * window.widthPx + left) * 3;
    target.data.set(
      window.data.subarray(from, from + target.widthPx * 3),
      ((target.top + j) * target.rowPx + target.left) * 3,
    );
  }
}

/** As `shrink` by 2 where no cell is cut off: the step that is asked for most often. */
function halve({ data, widthPx }: RgbImage, left: number, top: number, target: Target): void {
  const { data: out, rowPx } = target;
  const row = widthPx * 3;
  for (let j = 0; j < target.heightPx; j++) {
    let at = ((top + j * 2) * widthPx + left) * 3;
    let to = ((target.top + j) * rowPx + target.left) * 3;
    for (const end = to + target.widthPx * 3; to < end; to += 3, at += 6) {
      const below = at + row;
      out[to] = (data[at]! + data[at + 3]! + data[below]! + data[below + 3]! + 2) >> 2;
      out[to + 1] = (data[at + 1]! + data[at + 4]! + data[below + 1]! + data[below + 4]! + 2) >> 2;
      out[to + 2] = (data[at + 2]! + data[at + 5]! + data[below + 2]! + data[below + 5]! + 2) >> 2;
    }
  }
}

/** Whole steps: the mean of factor x factor px; a cell that the window cuts off is the mean of what is there. */
function shrink(window: RgbImage, left: number, top: number, factor: number, target: Target): void {
  const { data, widthPx, heightPx } = window;
  const { data: out, rowPx } = target;
  for (let j = 0; j < target.heightPx; j++) {
    const firstRow = top + j * factor;
    const rows = Math.min(factor, heightPx - firstRow);
    let to = ((target.top + j) * rowPx + target.left) * 3;
    for (let i = 0; i < target.widthPx; i++) {
      const firstColumn = left + i * factor;
      const columns = Math.min(factor, widthPx - firstColumn);
      let r = 0;
      let g = 0;
      let b = 0;
      for (let y = 0; y < rows; y++) {
        let at = ((firstRow + y) * widthPx + firstColumn) * 3;
        for (const end = at + columns * 3; at < end; at += 3) {
          r += data[at]!;
          g += data[at + 1]!;
          b += data[at + 2]!;
        }
      }
      const cells = rows * columns;
      const half = cells >> 1;
      out[to++] = (r + half) / cells;
      out[to++] = (g + half) / cells;
      out[to++] = (b + half) / cells;
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
  shrink({ data, widthPx, heightPx }, 0, 0, factor, target);
  return { data: target.data, ...out };
}
