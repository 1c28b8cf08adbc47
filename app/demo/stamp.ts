/** Small pictures of stain (a nucleus, a gland) that are pressed onto the slide again and again. */

/** The two stains of a slide, [height, width] uint8 each; `stepsPerUnit` steps are one unit. */
export interface StainPlanes {
  readonly haematoxylin: Uint8Array;
  readonly eosin: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A square of stain with its coverage, 0..255 each; 255 covers what was there. */
export interface Stamp {
  readonly sizePx: number;
  readonly haematoxylin: Uint8Array;
  readonly eosin: Uint8Array;
  readonly cover: Uint8Array;
}

export function emptyStamp(sizePx: number): Stamp {
  const make = (): Uint8Array => new Uint8Array(sizePx * sizePx);
  return { sizePx, haematoxylin: make(), eosin: make(), cover: make() };
}

/**
 * Presses `stamp` with its centre at (x, y), turned into one of eight ways (`turn` 0..7: mirror x, mirror y, transpose).
 * What hangs over the border is cut.
 */
export function press(planes: StainPlanes, stamp: Stamp, x: number, y: number, turn: number): void {
  const { sizePx, cover } = stamp;
  const { widthPx, heightPx } = planes;
  const left = Math.round(x - sizePx / 2);
  const top = Math.round(y - sizePx / 2);
  const x0 = Math.max(0, -left);
  const x1 = Math.min(sizePx, widthPx - left);
  const y1 = Math.min(sizePx, heightPx - top);
  const last = sizePx - 1;
  for (let v = Math.max(0, -top); v < y1; v++) {
    const out = (top + v) * widthPx + left;
    const sv = turn & 2 ? last - v : v;
    for (let u = x0; u < x1; u++) {
      const su = turn & 1 ? last - u : u;
      const from = turn & 4 ? su * sizePx + sv : sv * sizePx + su;
      const alpha = cover[from]!;
      if (alpha === 0) continue;
      const at = out + u;
      const h = planes.haematoxylin[at]!;
      const e = planes.eosin[at]!;
      planes.haematoxylin[at] = h + (((stamp.haematoxylin[from]! - h) * alpha) >> 8);
      planes.eosin[at] = e + (((stamp.eosin[from]! - e) * alpha) >> 8);
    }
  }
}
