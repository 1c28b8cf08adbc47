/**
 * A gland as a stamp: a lumen, a ring of tall cells around it, their nuclei at the outer border.
 *
 *        . - n - n - .          n  nuclei, long axis towards the lumen
 *      n  cytoplasm    n
 *     n    (  lumen )   n
 *      n               n
 *        ' - n - n - '
 */
import type { Random } from '../core/random.ts';
import type { NoiseTile } from './noise.ts';
import { addNucleus } from './nucleus.ts';
import { emptyStamp, type Stamp } from './stamp.ts';

export interface GlandLook {
  /** Mean outer radius, px. */
  readonly radius: number;
  /** Lumen radius as a share of the outer one. */
  readonly lumen: number;
  readonly haematoxylin: number;
  readonly eosin: number;
  /** Rows of nuclei: 1 usual, 2 crowded. */
  readonly rows: number;
}

export function glandStamp(look: GlandLook, grain: NoiseTile, random: Random): Stamp {
  const sizePx = Math.ceil(look.radius * 2.7);
  const stamp = emptyStamp(sizePx);
  const centre = (sizePx - 1) / 2;
  const waves = [2, 3, 4, 5].map((k) => ({
    k,
    size: ((random.next() * 0.34) / k) * (k === 2 ? 1.25 : 1),
    phase: random.next() * 2 * Math.PI,
  }));
  const outline = (phi: number): number => {
    let r = 1;
    for (const { k, size, phase } of waves) r += size * Math.cos(k * phi + phase);
    return r * look.radius;
  };
  const grainX = random.integer(grain.size);
  const grainY = random.integer(grain.size);
  for (let y = 0; y < sizePx; y++) {
    for (let x = 0; x < sizePx; x++) {
      const distance = Math.hypot(x - centre, y - centre);
      const radius = outline(Math.atan2(y - centre, x - centre));
      const rim = radius - distance;
      if (rim < -2) continue;
      const at = y * sizePx + x;
      const noise = grain.data[((y + grainY) & grain.mask) * grain.size + ((x + grainX) & grain.mask)]! / 255;
      const lumen = look.lumen * radius + (noise - 0.5) * 14;
      stamp.cover[at] = Math.min(255, Math.max(0, Math.round((rim + 2) * 90)));
      if (distance < lumen) {
        // A little secretion in the lumen.
        stamp.eosin[at] = noise > 0.62 ? 9 : 2;
        stamp.haematoxylin[at] = noise > 0.62 ? 4 : 0;
      } else if (rim < 2.5) {
        stamp.eosin[at] = look.eosin * 1.35;
        stamp.haematoxylin[at] = 12;
      } else {
        const apical = Math.min(1, (distance - lumen) / (0.5 * (radius - lumen) + 1));
        stamp.eosin[at] = look.eosin * (0.55 + 0.3 * apical + 0.5 * noise);
        stamp.haematoxylin[at] = 5 + 14 * noise;
      }
    }
  }
  for (let row = 0; row < look.rows; row++) {
    const inward = 11 + row * 14;
    let phi = random.next();
    const end = phi + 2 * Math.PI;
    while (phi < end) {
      const radius = outline(phi) - inward - random.next() * 4;
      const gap = 10.5 + random.next() * 3.5;
      const cx = centre + Math.cos(phi) * radius;
      const cy = centre + Math.sin(phi) * radius;
      const shape = {
        long: 8 + random.next() * 2.5,
        short: 4.3 + random.next() * 1.2,
        angle: phi + (random.next() - 0.5) * 0.4,
        haematoxylin: look.haematoxylin * (0.85 + 0.3 * random.next()),
        clumps: 0.8,
      };
      addNucleus(stamp, cx, cy, shape, random);
      phi += gap / Math.max(12, radius);
    }
  }
  return stamp;
}
