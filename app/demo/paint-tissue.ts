/** Paints a layout: the ground of each territory pixel by pixel, then glands and nuclei stamped onto it. */
import { type Random, randomFor } from '../core/random.ts';
import { background, glands, lymphocytes, stroma } from './demo-classes.ts';
import type { DemoSlideSpec } from './demo-slides.ts';
import { glandStamp } from './gland.ts';
import { cellPx, type Layout, type Territory } from './layout.ts';
import { type NoiseTile, noiseTile } from './noise.ts';
import { nucleusStamp } from './nucleus.ts';
import { paintDirt } from './paint-dirt.ts';
import { press, type StainPlanes, type Stamp } from './stamp.ts';

/** How far the waves of the fibres reach, as a share of the warp tile's values. */
const waveReach = 0.42;

export function paintTissue(spec: DemoSlideSpec, layout: Layout): StainPlanes {
  const pixels = spec.widthPx * spec.heightPx;
  const planes: StainPlanes = {
    haematoxylin: new Uint8Array(pixels),
    eosin: new Uint8Array(pixels),
    widthPx: spec.widthPx,
    heightPx: spec.heightPx,
  };
  const random = randomFor(spec.seed, 'tissue');
  const fibres = noiseTile(
    1024,
    [
      { cellX: 8, cellY: 128, weight: 1 },
      { cellX: 16, cellY: 256, weight: 0.7 },
      { cellX: 4, cellY: 32, weight: 0.45 },
    ],
    random,
  );
  const waves = noiseTile(
    1024,
    [
      { cellX: 128, cellY: 128, weight: 1 },
      { cellX: 64, cellY: 64, weight: 0.25 },
    ],
    random,
  );
  const grain = noiseTile(
    512,
    [
      { cellX: 16, cellY: 16, weight: 1 },
      { cellX: 8, cellY: 8, weight: 0.7 },
      { cellX: 4, cellY: 4, weight: 0.5 },
    ],
    random,
  );
  paintGround(planes, layout, fibres, waves, grain);
  paintDirt(planes, layout, random);
  paintSpindles(planes, layout, waves, random);
  paintGlands(planes, layout, grain, random);
  paintLymphocytes(planes, layout, random);
  return planes;
}

/** What the ground of a territory looks like for each value of its noise, stain steps. */
interface Ground {
  readonly kind: 'fibres' | 'grain' | 'glass';
  readonly cos: number;
  readonly sin: number;
  readonly eosin: Uint8Array;
  readonly haematoxylin: Uint8Array;
}

function groundOf(territory: Territory): Ground {
  const { classIndex } = territory;
  const eosin = new Uint8Array(256);
  const haematoxylin = new Uint8Array(256);
  for (let v = 0; v < 256; v++) {
    const noise = v / 255;
    if (classIndex === stroma) {
      // Clefts between bundles let the light through.
      const cleft = Math.min(1, Math.max(0.12, (noise - 0.26) * 9));
      eosin[v] = 62 * territory.eosin * (0.35 + 0.95 * noise) * cleft;
      haematoxylin[v] = (4 + 22 * territory.density * noise) * territory.haematoxylin * cleft;
    } else if (classIndex === glands) {
      const cleft = Math.min(1, Math.max(0.1, (noise - 0.3) * 7));
      eosin[v] = 46 * territory.eosin * (0.35 + 0.9 * noise) * cleft;
      haematoxylin[v] = 8 * territory.haematoxylin * cleft;
    } else if (classIndex === lymphocytes) {
      eosin[v] = 42 * territory.eosin * Math.min(1.2, Math.max(0.12, 2.2 * noise - 0.45));
      haematoxylin[v] = 10 * territory.haematoxylin * noise;
    } else {
      eosin[v] = noise > 0.6 ? 1 : 0;
    }
  }
  const kind = classIndex === background ? 'glass' : classIndex === lymphocytes ? 'grain' : 'fibres';
  return { kind, cos: Math.cos(territory.angle), sin: Math.sin(territory.angle), eosin, haematoxylin };
}

function paintGround(planes: StainPlanes, layout: Layout, fibres: NoiseTile, waves: NoiseTile, grain: NoiseTile): void {
  const grounds = layout.territories.map(groundOf);
  const { columns, rows, territoryOf } = layout;
  const { widthPx, heightPx } = planes;
  const paintRun = (ground: Ground, x0: number, x1: number, y: number): void => {
    const line = y * widthPx;
    if (ground.kind === 'fibres') {
      const waveRow = (y & waves.mask) * waves.size;
      for (let x = x0; x < x1; x++) {
        const wave = waves.data[waveRow + (x & waves.mask)]! * waveReach;
        const across = x * ground.cos + y * ground.sin + wave;
        const along = y * ground.cos - x * ground.sin;
        const value = fibres.data[(along & fibres.mask) * fibres.size + (across & fibres.mask)]!;
        planes.eosin[line + x] = ground.eosin[value]!;
        planes.haematoxylin[line + x] = ground.haematoxylin[value]!;
      }
      return;
    }
    const grainRow = (y & grain.mask) * grain.size;
    for (let x = x0; x < x1; x++) {
      const value = grain.data[grainRow + (x & grain.mask)]!;
      planes.eosin[line + x] = ground.eosin[value]!;
      planes.haematoxylin[line + x] = ground.haematoxylin[value]!;
    }
  };
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const own = territoryOf[row * columns + column]!;
      const x0 = column * cellPx;
      const x1 = Math.min(widthPx, x0 + cellPx);
      const y1 = Math.min(heightPx, (row + 1) * cellPx);
      const uniform = isUniform(layout, column, row);
      for (let y = row * cellPx; y < y1; y++) {
        if (uniform) {
          paintRun(grounds[own]!, x0, x1, y);
          continue;
        }
        // Where territories meet, the border wanders inside the cell instead of following its sides.
        for (let x = x0; x < x1; x++) {
          const wander = grain.data[(y & grain.mask) * grain.size + (x & grain.mask)]! - 128;
          const cx = clamp((x + (wander >> 2)) >> 4, columns);
          const cy = clamp((y - (wander >> 2)) >> 4, rows);
          paintRun(grounds[territoryOf[cy * columns + cx]!]!, x, x + 1, y);
        }
      }
    }
  }
}

function clamp(value: number, limit: number): number {
  return value < 0 ? 0 : value >= limit ? limit - 1 : value;
}

/** True when a cell and its neighbours within two cells belong to one territory. */
function isUniform({ columns, rows, territoryOf }: Layout, column: number, row: number): boolean {
  const own = territoryOf[row * columns + column]!;
  for (let dy = -2; dy <= 2; dy += 2) {
    for (let dx = -2; dx <= 2; dx += 2) {
      if (territoryOf[clamp(row + dy, rows) * columns + clamp(column + dx, columns)] !== own) return false;
    }
  }
  return true;
}

/** The territory at a pixel. */
function territoryAt(layout: Layout, x: number, y: number): number {
  const column = clamp(Math.floor(x / cellPx), layout.columns);
  const row = clamp(Math.floor(y / cellPx), layout.rows);
  return layout.territoryOf[row * layout.columns + column]!;
}

/** Positions on a jittered triangular grid over the slide. */
function* scattered(planes: StainPlanes, step: number, jitter: number, random: Random): Generator<[number, number]> {
  const stepY = step * 0.87;
  for (let row = 0; row * stepY < planes.heightPx; row++) {
    const shift = row % 2 === 0 ? 0 : step / 2;
    for (let x = shift; x < planes.widthPx; x += step) {
      const at = x + (random.next() - 0.5) * jitter * step;
      yield [at, row * stepY + (random.next() - 0.5) * jitter * step];
    }
  }
}

/** Spindle nuclei that follow the fibres of stroma and of the ground between glands, and a stray lymphocyte here and there. */
function paintSpindles(planes: StainPlanes, layout: Layout, waves: NoiseTile, random: Random): void {
  const angles = 32;
  const perTerritory = layout.territories.map(({ classIndex, haematoxylin }) => {
    if (classIndex !== stroma && classIndex !== glands) return null;
    const spindles = Array.from({ length: angles }, (_, a) =>
      [0, 1].map(() =>
        nucleusStamp(
          {
            long: 11 + random.next() * 6,
            short: 2.6 + random.next() * 1.3,
            angle: (a / angles) * Math.PI,
            haematoxylin: 92 * haematoxylin * (0.85 + 0.3 * random.next()),
            clumps: 0.5,
          },
          random,
        ),
      ),
    );
    return { spindles, stray: lymphocyteStamps(haematoxylin, 4, random) };
  });
  for (const [x, y] of scattered(planes, 27, 0.9, random)) {
    const index = territoryAt(layout, x, y);
    const stamps = perTerritory[index];
    const draw = random.next();
    if (!stamps) continue;
    const { angle, density, classIndex } = layout.territories[index]!;
    if (draw > (classIndex === stroma ? 0.22 + 0.4 * density : 0.2)) continue;
    if (draw < 0.015) {
      press(planes, stamps.stray[random.integer(stamps.stray.length)]!, x, y, 0);
      continue;
    }
    // Fibres run along lines of equal `across`: at a right angle to its gradient.
    const wave = (dx: number, dy: number): number =>
      waves.data[((y + dy) & waves.mask) * waves.size + ((x + dx) & waves.mask)]! * waveReach;
    const gx = Math.cos(angle) + (wave(8, 0) - wave(-8, 0)) / 16;
    const gy = Math.sin(angle) + (wave(0, 8) - wave(0, -8)) / 16;
    const direction = Math.atan2(gx, -gy) / Math.PI;
    const bin = Math.round((direction - Math.floor(direction)) * angles) % angles;
    press(planes, stamps.spindles[bin]![random.integer(2)]!, x, y, 0);
  }
}

const glandStepPx = 138;

function paintGlands(planes: StainPlanes, layout: Layout, grain: NoiseTile, random: Random): void {
  const perTerritory = layout.territories.map((territory): Stamp[] => {
    if (territory.classIndex !== glands) return [];
    return Array.from({ length: 12 }, () =>
      glandStamp(
        {
          radius: 50 + random.next() * 24,
          lumen: 0.26 + 0.26 * random.next(),
          haematoxylin: (82 + 16 * random.next()) * territory.haematoxylin,
          eosin: (34 + 16 * random.next()) * territory.eosin,
          rows: random.next() < 0.25 + 0.5 * territory.density ? 2 : 1,
        },
        grain,
        random,
      ),
    );
  });
  const reach = 28;
  for (const [x, y] of scattered(planes, glandStepPx, 0.22, random)) {
    const index = territoryAt(layout, x, y);
    const stamps = perTerritory[index]!;
    const which = random.next();
    const turn = random.integer(8);
    if (stamps.length === 0) continue;
    // A gland needs room: it does not grow across the border of its territory.
    const inside = [-reach, reach].every(
      (d) => territoryAt(layout, x + d, y) === index && territoryAt(layout, x, y + d) === index,
    );
    if (inside) press(planes, stamps[Math.floor(which * stamps.length)]!, x, y, turn);
  }
}

function lymphocyteStamps(haematoxylin: number, count: number, random: Random): Stamp[] {
  return Array.from({ length: count }, () => {
    const long = 5.6 + random.next() * 1.7;
    return nucleusStamp(
      {
        long,
        short: long * (0.84 + 0.14 * random.next()),
        angle: random.next() * Math.PI,
        haematoxylin: 104 * haematoxylin * (0.82 + 0.32 * random.next()),
        clumps: 1,
      },
      random,
    );
  });
}

function paintLymphocytes(planes: StainPlanes, layout: Layout, random: Random): void {
  const perTerritory = layout.territories.map(({ classIndex, haematoxylin }) =>
    classIndex === lymphocytes ? lymphocyteStamps(haematoxylin, 24, random) : [],
  );
  for (const [x, y] of scattered(planes, 15.5, 0.5, random)) {
    const index = territoryAt(layout, x, y);
    const stamps = perTerritory[index]!;
    const draw = random.next();
    if (stamps.length === 0 || draw > 0.55 + 0.4 * layout.territories[index]!.density) continue;
    press(planes, stamps[random.integer(stamps.length)]!, x, y, random.integer(8));
  }
}
