/**
 * Coloured ink of felt pens on an overview. Ink has hues that stains have not, or is purer than they are, as in HistoQC's and
 * Schreiber et al.'s (2024) pen filters; and a stroke is wide, where a blue nucleus, a goblet cell or a red vessel is not.
 *
 *     core   pure ink that fills a window of 56 µm         grown into fainter ink of the same kind, at most 96 µm: the blurred rim
 *
 * Black ink has no colour: its score is none anyway. Blue and green of trichrome stains look like ink and can be, so a person may
 * say that they are tissue.
 */
import type { RgbImage } from '../core/slide.ts';

const windowUm = 56;
const reachUm = 96;
/** Share of the window that is pure ink. */
const leastFilled = 0.6;

interface Ink {
  /** Degrees from red over green to blue; a range that passes red wraps. */
  readonly hue: readonly [from: number, to: number];
  /** Least saturation (HSV) and brightness of ink that is sure to be ink. */
  readonly pure: {
    readonly hue: readonly [from: number, to: number];
    readonly saturation: number;
    readonly value: number;
  };
  /** Least saturation of its rim. */
  readonly faint: number;
}

/**
 * Eosin lies near 330°, blood near 350-357° with a saturation below 0.7, haematoxylin near 244° (Ruifrok and Johnston's vectors),
 * DAB near 25°.
 */
const inks: readonly Ink[] = [
  { hue: [70, 205], pure: { hue: [75, 200], saturation: 0.25, value: 0 }, faint: 0.08 },
  { hue: [195, 240], pure: { hue: [200, 232], saturation: 0.5, value: 0 }, faint: 0.2 },
  // Blue ink over stained tissue is darker and nearer to violet; no stain is that pure.
  { hue: [195, 250], pure: { hue: [200, 250], saturation: 0.75, value: 0 }, faint: 0.65 },
  { hue: [345, 20], pure: { hue: [350, 15], saturation: 0.75, value: 140 }, faint: 0.35 },
];

/** 1 where a cell is ink, else 0. The overview's glass is white; its px are `cellUm` µm wide. */
export function penInk({ data, widthPx, heightPx }: RgbImage, cellUm: number): Uint8Array {
  const pure = new Uint8Array(widthPx * heightPx);
  const faint = new Uint8Array(widthPx * heightPx);
  for (let i = 0; i < pure.length; i++) {
    const { hue, saturation, value } = hsv(data[i * 3]!, data[i * 3 + 1]!, data[i * 3 + 2]!);
    for (const [k, ink] of inks.entries()) {
      if (saturation < ink.faint || !within(hue, ink.hue)) continue;
      faint[i]! |= 1 << k;
      if (saturation >= ink.pure.saturation && value >= ink.pure.value && within(hue, ink.pure.hue)) pure[i]! |= 1 << k;
    }
  }
  const out = new Uint8Array(pure.length);
  const radius = Math.max(1, Math.floor(windowUm / cellUm / 2));
  const reach = Math.max(1, Math.round(reachUm / cellUm));
  for (const k of inks.keys()) {
    const bit = 1 << k;
    if (pure.some((bits) => (bits & bit) !== 0))
      grow(cores(pure, bit, widthPx, heightPx, radius), faint, bit, widthPx, reach, out);
  }
  return out;
}

function hsv(r: number, g: number, b: number): { hue: number; saturation: number; value: number } {
  const value = Math.max(r, g, b);
  const spread = value - Math.min(r, g, b);
  if (spread === 0) return { hue: 0, saturation: 0, value };
  const sixth = value === r ? ((g - b) / spread + 6) % 6 : value === g ? (b - r) / spread + 2 : (r - g) / spread + 4;
  return { hue: sixth * 60, saturation: spread / value, value };
}

function within(hue: number, [from, to]: readonly [number, number]): boolean {
  return from <= to ? hue >= from && hue <= to : hue >= from || hue <= to;
}

/** Cells of pure ink whose window is filled with it; beyond the border counts as the border. */
function cores(bits: Uint8Array, bit: number, widthPx: number, heightPx: number, radius: number): Int32Array {
  const stride = widthPx + 1;
  const sums = new Uint32Array(stride * (heightPx + 1));
  for (let y = 0; y < heightPx; y++) {
    let row = 0;
    for (let x = 0; x < widthPx; x++) {
      if (bits[y * widthPx + x]! & bit) row++;
      sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1]! + row;
    }
  }
  const found: number[] = [];
  for (let y = 0; y < heightPx; y++) {
    const y0 = Math.max(0, y - radius);
    const y1 = Math.min(heightPx, y + radius + 1);
    for (let x = 0; x < widthPx; x++) {
      if (!(bits[y * widthPx + x]! & bit)) continue;
      const x0 = Math.max(0, x - radius);
      const x1 = Math.min(widthPx, x + radius + 1);
      const filled =
        sums[y1 * stride + x1]! - sums[y0 * stride + x1]! - sums[y1 * stride + x0]! + sums[y0 * stride + x0]!;
      if (filled >= leastFilled * (x1 - x0) * (y1 - y0)) found.push(y * widthPx + x);
    }
  }
  return Int32Array.from(found);
}

/** Marks `seeds` and, ring by ring, up to `reach` cells of `faint` ink that are connected with them. */
function grow(
  seeds: Int32Array,
  faint: Uint8Array,
  bit: number,
  widthPx: number,
  reach: number,
  out: Uint8Array,
): void {
  for (const cell of seeds) out[cell] = 1;
  let ring: number[] = [...seeds];
  for (let step = 0; step < reach && ring.length > 0; step++) {
    const next: number[] = [];
    const visit = (cell: number): void => {
      if (out[cell] || !(faint[cell]! & bit)) return;
      out[cell] = 1;
      next.push(cell);
    };
    for (const cell of ring) {
      const column = cell % widthPx;
      if (column > 0) visit(cell - 1);
      if (column < widthPx - 1) visit(cell + 1);
      if (cell >= widthPx) visit(cell - widthPx);
      if (cell + widthPx < faint.length) visit(cell + widthPx);
    }
    ring = next;
  }
}
