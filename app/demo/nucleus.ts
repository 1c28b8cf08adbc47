/** Nuclei as stamps: an ellipse with a dark rim, clumped chromatin and a soft border. */
import type { Random } from '../core/random.ts';
import { emptyStamp, type Stamp } from './stamp.ts';

export interface NucleusShape {
  /** Half axes, px. */
  readonly long: number;
  readonly short: number;
  /** Direction of the long axis, radians. */
  readonly angle: number;
  /** Mean haematoxylin, steps. */
  readonly haematoxylin: number;
  /** How uneven the chromatin is, 0..1. */
  readonly clumps: number;
}

/** Adds a nucleus with its centre at (cx, cy) to `stamp`; what is denser wins. */
export function addNucleus(stamp: Stamp, cx: number, cy: number, shape: NucleusShape, random: Random): void {
  const { long, short, angle, haematoxylin, clumps } = shape;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const bend = (random.next() - 0.5) * 0.25;
  const spots = Array.from({ length: 5 }, () => {
    const phi = random.next() * 2 * Math.PI;
    const rho = Math.sqrt(random.next()) * 0.8;
    return { u: rho * Math.cos(phi), v: rho * Math.sin(phi), dark: random.next() < 0.6 ? 1 : -1 };
  });
  const reach = Math.ceil(long + 2);
  for (let y = Math.max(0, Math.floor(cy - reach)); y <= Math.min(stamp.sizePx - 1, Math.ceil(cy + reach)); y++) {
    for (let x = Math.max(0, Math.floor(cx - reach)); x <= Math.min(stamp.sizePx - 1, Math.ceil(cx + reach)); x++) {
      const u = ((x - cx) * cos + (y - cy) * sin) / long;
      const v = ((y - cy) * cos - (x - cx) * sin) / short + bend * (u * u - 0.4);
      const rho = Math.sqrt(u * u + v * v);
      // Soft over about a pixel and a half, measured across the shorter axis.
      const cover = Math.min(1, Math.max(0, ((1 - rho) * short) / 1.5 + 0.5));
      if (cover <= 0) continue;
      let density = 0.82 + 0.3 * rho * rho;
      for (const spot of spots) {
        const near = 1 - ((u - spot.u) ** 2 + (v - spot.v) ** 2) * 9;
        if (near > 0) density += spot.dark * near * 0.45 * clumps;
      }
      const at = y * stamp.sizePx + x;
      const old = stamp.cover[at]!;
      const alpha = Math.round(cover * 255);
      const value = Math.min(255, Math.max(0, Math.round(haematoxylin * density)));
      if (old === 0 || alpha >= old || value > stamp.haematoxylin[at]!) {
        const mix = old === 0 ? 1 : cover;
        stamp.haematoxylin[at] = Math.round(stamp.haematoxylin[at]! * (1 - mix) + value * mix);
        stamp.eosin[at] = Math.round(stamp.eosin[at]! * (1 - mix) + 14 * mix);
        stamp.cover[at] = Math.max(old, alpha);
      }
    }
  }
}

/** A stamp of one nucleus. */
export function nucleusStamp(shape: NucleusShape, random: Random): Stamp {
  const sizePx = 2 * Math.ceil(shape.long + 2) + 1;
  const stamp = emptyStamp(sizePx);
  addNucleus(stamp, (sizePx - 1) / 2, (sizePx - 1) / 2, shape, random);
  return stamp;
}
