/**
 * Where which tissue lies: islands with irregular borders, cut into territories (a warped Voronoi diagram) of one class
 * each. Made on cells of 16 x 16 px; the same cells are the truth.
 */
import { randomFor, shuffled } from '../core/random.ts';
import { background } from './demo-classes.ts';
import type { DemoSlideSpec } from './demo-slides.ts';
import { noiseTile } from './noise.ts';

/** Side of a truth cell, px. */
export const cellPx = 16;

/** A territory has a look of its own: colours of one class differ more inside a slide than classes do. */
export interface Territory {
  readonly classIndex: number;
  /** Direction of its fibres, radians. */
  readonly angle: number;
  /** How strongly each stain took here; 1 is usual. */
  readonly haematoxylin: number;
  readonly eosin: number;
  /** How dense its nuclei stand, 0..1. */
  readonly density: number;
}

export interface Layout {
  readonly columns: number;
  readonly rows: number;
  /** Class of each cell. */
  readonly labels: Uint8Array;
  /** Index into `territories` of each cell; the last territory is the glass. */
  readonly territoryOf: Uint8Array;
  readonly territories: readonly Territory[];
}

/** Wanted distance between the centres of territories, px. */
const territoryPx = 1750;

export function drawLayout(spec: DemoSlideSpec): Layout {
  const columns = Math.ceil(spec.widthPx / cellPx);
  const rows = Math.ceil(spec.heightPx / cellPx);
  const random = randomFor(spec.seed, 'layout');
  const octaves = [
    { cellX: 64, cellY: 64, weight: 1 },
    { cellX: 16, cellY: 16, weight: 0.45 },
    { cellX: 4, cellY: 4, weight: 0.12 },
  ];
  const warpX = noiseTile(512, octaves, random);
  const warpY = noiseTile(512, octaves, random);
  const edge = noiseTile(512, octaves, random);
  const islands = drawIslands(random.next, columns, rows);
  const seeds = drawSeeds(random.next, columns, rows);
  const territoryOf = new Uint8Array(columns * rows);
  const glass = seeds.length;
  const areas = new Uint32Array(seeds.length);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const at = (y & 511) * 512 + (x & 511);
      const inside = islands.some(
        ({ cx, cy, rx, ry }) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + (edge.data[at]! - 128) / 200 < 1,
      );
      let nearest = glass;
      if (inside) {
        const wx = x + (warpX.data[at]! - 128) * 0.3;
        const wy = y + (warpY.data[at]! - 128) * 0.3;
        let least = Number.POSITIVE_INFINITY;
        for (const [s, seed] of seeds.entries()) {
          const distance = (wx - seed.x) ** 2 + (wy - seed.y) ** 2;
          if (distance < least) {
            least = distance;
            nearest = s;
          }
        }
        areas[nearest]!++;
      }
      territoryOf[y * columns + x] = nearest;
    }
  }
  const territories = describeTerritories(spec, areas);
  return { columns, rows, labels: territoryOf.map((t) => territories[t]!.classIndex), territoryOf, territories };
}

interface Island {
  readonly cx: number;
  readonly cy: number;
  readonly rx: number;
  readonly ry: number;
}

/** One broad island and one narrow beside it, with glass between and around them; in cells. */
function drawIslands(next: () => number, columns: number, rows: number): Island[] {
  const flip = next() < 0.5;
  const place = (share: number): number => (flip ? 1 - share : share) * columns;
  return [
    { cx: place(0.36), cy: (0.47 + 0.04 * next()) * rows, rx: 0.29 * columns, ry: (0.44 + 0.02 * next()) * rows },
    { cx: place(0.83), cy: (0.42 + 0.1 * next()) * rows, rx: 0.135 * columns, ry: (0.4 + 0.04 * next()) * rows },
  ];
}

function drawSeeds(next: () => number, columns: number, rows: number): { x: number; y: number }[] {
  const step = territoryPx / cellPx;
  const out: { x: number; y: number }[] = [];
  for (let row = 0; row * step < rows; row++) {
    for (let column = 0; column * step < columns + step / 2; column++) {
      const shift = row % 2 === 0 ? 0.25 : 0.75;
      out.push({ x: (column + shift + (next() - 0.5) * 0.4) * step, y: (row + 0.5 + (next() - 0.5) * 0.4) * step });
    }
  }
  return out;
}

/** Largest territories first, each to the tissue that has least area so far; then the glass. */
function describeTerritories(spec: DemoSlideSpec, areas: Uint32Array): Territory[] {
  const random = randomFor(spec.seed, 'territories');
  const order = [...areas.keys()].sort((a, b) => areas[b]! - areas[a]! || a - b);
  const filled = [0, 0, 0];
  const ties = shuffled([0, 1, 2], random);
  const out: Territory[] = new Array(areas.length);
  for (const index of order) {
    const classIndex = ties.reduce((best, c) => (filled[c]! < filled[best]! ? c : best), ties[0]!);
    filled[classIndex]! += areas[index]!;
    out[index] = {
      classIndex,
      angle: random.next() * Math.PI,
      haematoxylin: 0.72 + 0.56 * random.next(),
      eosin: 0.65 + 0.7 * random.next(),
      density: random.next(),
    };
  }
  out.push({ classIndex: background, angle: 0, haematoxylin: 1, eosin: 1, density: 0 });
  return out;
}
