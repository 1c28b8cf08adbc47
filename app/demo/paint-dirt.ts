/** What lies on the glass beside the tissue: dust, lint, smears out of focus and a few lost cells. */
import type { Random } from '../core/random.ts';
import { background } from './demo-classes.ts';
import { cellPx, type Layout } from './layout.ts';
import { nucleusStamp } from './nucleus.ts';
import { emptyStamp, press, type StainPlanes, type Stamp } from './stamp.ts';

export function paintDirt(planes: StainPlanes, layout: Layout, random: Random): void {
  const dust = Array.from({ length: 12 }, () => speck(2 + random.next() * 5, random));
  const cells = Array.from({ length: 6 }, () =>
    nucleusStamp(
      { long: 6 + random.next() * 3, short: 5, angle: random.next() * 3, haematoxylin: 75, clumps: 0.8 },
      random,
    ),
  );
  const smears = Array.from({ length: 8 }, () => smear(50 + random.next() * 90, random));
  const onGlass = (x: number, y: number): boolean => {
    const column = Math.floor(x / cellPx);
    const row = Math.floor(y / cellPx);
    return layout.labels[row * layout.columns + column] === background;
  };
  const strew = (stamps: readonly Stamp[], count: number): void => {
    for (let i = 0; i < count; i++) {
      const x = random.next() * planes.widthPx;
      const y = random.next() * planes.heightPx;
      const stamp = stamps[random.integer(stamps.length)]!;
      const turn = random.integer(8);
      if (onGlass(x, y)) press(planes, stamp, x, y, turn);
    }
  };
  strew(smears, 900);
  strew(dust, 2200);
  strew(cells, 700);
  for (let i = 0; i < 160; i++) lint(planes, onGlass, random);
}

/** An irregular grey-brown grain: both stains at once. */
function speck(radius: number, random: Random): Stamp {
  const stamp = emptyStamp(Math.ceil(radius * 3));
  const centre = (stamp.sizePx - 1) / 2;
  const phase = random.next() * 6;
  const lobes = 2 + random.integer(4);
  const dark = 0.7 + 0.6 * random.next();
  for (let y = 0; y < stamp.sizePx; y++) {
    for (let x = 0; x < stamp.sizePx; x++) {
      const phi = Math.atan2(y - centre, x - centre);
      const shape = 1 + 0.18 * Math.cos(lobes * phi + phase) + 0.12 * Math.cos((lobes + 3) * phi);
      const rim = radius * shape - Math.hypot(x - centre, y - centre);
      const at = y * stamp.sizePx + x;
      stamp.cover[at] = Math.min(255, Math.max(0, 128 + rim * 110));
      stamp.haematoxylin[at] = 60 * dark;
      stamp.eosin[at] = 45 * dark;
    }
  }
  return stamp;
}

/** A pale blot with a soft border, as mounting medium and thin mucus leave it. */
function smear(radius: number, random: Random): Stamp {
  const stamp = emptyStamp(Math.ceil(radius * 2.6));
  const centre = (stamp.sizePx - 1) / 2;
  const phase = random.next() * 6;
  const strength = 30 + random.next() * 60;
  const eosin = 8 + random.next() * 16;
  const haematoxylin = random.next() * 9;
  for (let y = 0; y < stamp.sizePx; y++) {
    for (let x = 0; x < stamp.sizePx; x++) {
      const phi = Math.atan2(y - centre, x - centre);
      const edge = radius * (1 + 0.22 * Math.cos(2 * phi + phase) + 0.1 * Math.cos(5 * phi - phase));
      const t = Math.min(1, Math.max(0, 1 - Math.hypot(x - centre, y - centre) / edge));
      const at = y * stamp.sizePx + x;
      stamp.cover[at] = strength * Math.min(1, t * 3);
      stamp.eosin[at] = eosin;
      stamp.haematoxylin[at] = haematoxylin;
    }
  }
  return stamp;
}

/** A curled thread, drawn as a chain of dots. */
function lint(planes: StainPlanes, onGlass: (x: number, y: number) => boolean, random: Random): void {
  const dot = speck(1.3 + random.next() * 0.9, random);
  let x = random.next() * planes.widthPx;
  let y = random.next() * planes.heightPx;
  let direction = random.next() * 2 * Math.PI;
  let curl = (random.next() - 0.5) * 0.03;
  const length = 60 + random.next() * 240;
  for (let step = 0; step < length; step++) {
    if (!onGlass(x, y)) return;
    press(planes, dot, x, y, 0);
    curl += (random.next() - 0.5) * 0.012;
    direction += curl;
    x += Math.cos(direction) * 1.5;
    y += Math.sin(direction) * 1.5;
  }
}
