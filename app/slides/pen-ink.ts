/**
 * Coloured ink of felt pens on an overview. Ink has hues that stains have not, or is purer than they are, as in HistoQC's and
 * Schreiber et al.'s (2024) pen filters; and a stroke is wide, where a blue nucleus, a goblet cell or a red vessel is not.
 *
 *     core   pure ink that fills a window of 56 µm
 *     over   what goes on from it over tissue: ink and stain together are dark
 *     rim    fainter ink of the same kind, at most 96 µm from it: the blurred border
 *
 * Black ink has no colour: its score is none anyway. Blue and green of trichrome stains look like ink and can be, so a person may
 * say that they are tissue.
 */
import type { RgbImage } from '../core/slide.ts';

const windowUm = 56;
const reachUm = 96;
/** Share of the window that is pure ink. */
const leastFilled = 0.6;
/** Ink has more colour than this; most cells of a slide have less and need no closer look. */
const leastSpread = 15;

/** A range of colours; a range of hues that passes red wraps. */
interface Colours {
  /** Degrees from red over green to blue. */
  readonly hue: readonly [from: number, to: number];
  /** HSV, 0..1 and 0..255. */
  readonly leastSaturation: number;
  readonly leastValue?: number;
  readonly mostValue?: number;
}

interface Ink {
  /** What is sure to be ink where it is wide. */
  readonly pure: readonly Colours[];
  /** What is ink where it goes on from ink: a stroke over tissue. */
  readonly over: readonly Colours[];
  /** What is ink within a short reach of it: its blurred rim. */
  readonly rim: readonly Colours[];
}

/**
 * Eosin lies near 330°, blood near 350-357° with a saturation below 0.7, haematoxylin near 244° (Ruifrok and Johnston's vectors),
 * DAB near 25°. Ink over stain is darker than either: haematoxylin of that depth does not fill whole cells of 8 µm.
 */
const inks: readonly Ink[] = [
  {
    pure: [{ hue: [75, 200], leastSaturation: 0.25 }],
    over: [{ hue: [70, 205], leastSaturation: 0.2, mostValue: 120 }],
    rim: [{ hue: [70, 205], leastSaturation: 0.08 }],
  },
  {
    pure: [
      { hue: [200, 232], leastSaturation: 0.5 },
      { hue: [200, 250], leastSaturation: 0.75 },
    ],
    over: [
      { hue: [215, 265], leastSaturation: 0.42, mostValue: 125 },
      { hue: [215, 243], leastSaturation: 0.58 },
    ],
    rim: [{ hue: [195, 240], leastSaturation: 0.2 }],
  },
  {
    pure: [{ hue: [350, 15], leastSaturation: 0.75, leastValue: 140 }],
    over: [{ hue: [345, 20], leastSaturation: 0.75 }],
    rim: [{ hue: [345, 20], leastSaturation: 0.35 }],
  },
];

/** 1 where a cell is ink, else 0. The overview's glass is white; its px are `cellUm` µm wide. */
export function penInk({ data, widthPx, heightPx }: RgbImage, cellUm: number): Uint8Array {
  // A bit a kind of ink.
  const kinds = {
    pure: new Uint8Array(widthPx * heightPx),
    over: new Uint8Array(widthPx * heightPx),
    rim: new Uint8Array(widthPx * heightPx),
  };
  for (let i = 0; i < widthPx * heightPx; i++) {
    const r = data[i * 3]!;
    const g = data[i * 3 + 1]!;
    const b = data[i * 3 + 2]!;
    if (Math.max(r, g, b) - Math.min(r, g, b) < leastSpread) continue;
    const colour = hsv(r, g, b);
    for (const [k, ink] of inks.entries())
      for (const kind of ['pure', 'over', 'rim'] as const)
        if (ink[kind].some((range) => within(colour, range))) kinds[kind][i]! |= 1 << k;
  }
  const out = new Uint8Array(widthPx * heightPx);
  const radius = Math.max(1, Math.floor(windowUm / cellUm / 2));
  const reach = Math.max(1, Math.round(reachUm / cellUm));
  for (const k of inks.keys()) {
    const bit = 1 << k;
    if (!kinds.pure.some((bits) => (bits & bit) !== 0)) continue;
    const seeds = cores(kinds.pure, bit, widthPx, heightPx, radius);
    const stroke = grow(seeds, kinds.over, bit, widthPx, Number.POSITIVE_INFINITY, out);
    grow(stroke, kinds.rim, bit, widthPx, reach, out);
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

function within(
  { hue, saturation, value }: ReturnType<typeof hsv>,
  { hue: [from, to], leastSaturation, leastValue = 0, mostValue = 255 }: Colours,
): boolean {
  const inHue = from <= to ? hue >= from && hue <= to : hue >= from || hue <= to;
  return inHue && saturation >= leastSaturation && value >= leastValue && value <= mostValue;
}

/** Cells of pure ink whose window is filled with it; beyond the border counts as the border. */
function cores(bits: Uint8Array, bit: number, widthPx: number, heightPx: number, radius: number): number[] {
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
  return found;
}

/** Marks `seeds` and, ring by ring, up to `reach` cells of `ink` that are connected with them; gives all that it marked. */
function grow(
  seeds: readonly number[],
  ink: Uint8Array,
  bit: number,
  widthPx: number,
  reach: number,
  out: Uint8Array,
): number[] {
  for (const cell of seeds) out[cell] = 1;
  const marked = [...seeds];
  for (let from = 0, step = 0; step < reach && from < marked.length; step++) {
    const to = marked.length;
    const visit = (cell: number): void => {
      if (out[cell] || !(ink[cell]! & bit)) return;
      out[cell] = 1;
      marked.push(cell);
    };
    for (; from < to; from++) {
      const cell = marked[from]!;
      const column = cell % widthPx;
      if (column > 0) visit(cell - 1);
      if (column < widthPx - 1) visit(cell + 1);
      if (cell >= widthPx) visit(cell - widthPx);
      if (cell + widthPx < ink.length) visit(cell + widthPx);
    }
  }
  return marked;
}
