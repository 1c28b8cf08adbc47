/**
 * Labels as a pathologist would draw them: a few coarse outlines of 10 to 25 corners well inside the tissue they name,
 * most of the slide left unlabelled.
 *
 *     The deepest place of a class is found (distance to the next other class), rays are cast from it to the border or
 *     to a longest reach, shortened by an uneven hand, and joined. Then the next deepest place outside that outline.
 */
import type { MultiPolygon, Point } from '../core/geometry.ts';
import { containsPoint } from '../core/geometry.ts';
import { type Random, randomFor } from '../core/random.ts';
import type { LabelImage } from '../evaluation/heatmap-agreement.ts';
import { type DemoClassName, demoClasses } from './demo-classes.ts';

export interface CoarseRegion {
  readonly className: DemoClassName;
  /** Level-0 px. */
  readonly geometry: MultiPolygon;
}

/** Outlines a class at the most. */
const regionsPerClass = 6;
/** Longest ray, px; territories are wider, so regions stay partial. */
const reachPx = 950;
/** A hand keeps this far from the border of what it outlines, px. */
const marginPx = 48;
/** A place shallower than this is not worth an outline, px. */
const leastDepthPx = 260;

export function coarseRegions(truth: LabelImage, seed: number): CoarseRegion[] {
  const out: CoarseRegion[] = [];
  for (const [classIndex, { name }] of demoClasses.entries()) {
    const random = randomFor(seed, 'regions', name);
    const free = truth.data.map((label) => (label === classIndex ? 1 : 0));
    for (let i = 0; i < regionsPerClass; i++) {
      const depth = distances(free, truth.widthPx, truth.heightPx);
      let deepest = 0;
      for (let at = 1; at < depth.length; at++) if (depth[at]! > depth[deepest]!) deepest = at;
      if (depth[deepest]! * truth.downsample < leastDepthPx) break;
      const ring = outline(free, truth, deepest, random);
      out.push({ className: name, geometry: [[ring]] });
      take(free, truth, ring);
    }
  }
  return out;
}

/** Chamfer distance (3-4, Borgefors 1986) in cells to the next cell that is not free; the picture's border counts as not free. */
function distances(free: Uint8Array, width: number, height: number): Float32Array {
  const out = new Float32Array(free.length);
  const at = (x: number, y: number): number => (x < 0 || y < 0 || x >= width || y >= height ? 0 : out[y * width + x]!);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (free[y * width + x]) {
        const straight = Math.min(at(x - 1, y), at(x, y - 1)) + 1;
        out[y * width + x] = Math.min(straight, Math.min(at(x - 1, y - 1), at(x + 1, y - 1)) + 4 / 3);
      }
    }
  }
  for (let y = height - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--) {
      if (free[y * width + x]) {
        const straight = Math.min(at(x + 1, y), at(x, y + 1)) + 1;
        const diagonal = Math.min(at(x + 1, y + 1), at(x - 1, y + 1)) + 4 / 3;
        out[y * width + x] = Math.min(out[y * width + x]!, straight, diagonal);
      }
    }
  }
  return out;
}

function outline(free: Uint8Array, truth: LabelImage, centre: number, random: Random): Point[] {
  const cell = truth.downsample;
  const cx = ((centre % truth.widthPx) + 0.5) * cell;
  const cy = (Math.floor(centre / truth.widthPx) + 0.5) * cell;
  const corners = 14 + random.integer(10);
  const ring: Point[] = [];
  for (let c = 0; c < corners; c++) {
    const phi = ((c + (random.next() - 0.5) * 0.5) / corners) * 2 * Math.PI;
    const length = Math.min(reachPx, ray(free, truth, cx, cy, phi) - marginPx) * (0.86 + 0.14 * random.next());
    ring.push([Math.round(cx + Math.cos(phi) * length), Math.round(cy + Math.sin(phi) * length)]);
  }
  return ring;
}

/** Length in px of the free way from (cx, cy) in direction `phi`; neighbouring directions count too, because corners are joined by straight lines. */
function ray(free: Uint8Array, truth: LabelImage, cx: number, cy: number, phi: number): number {
  const { downsample, widthPx, heightPx } = truth;
  let shortest = reachPx + marginPx;
  for (const turn of [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]) {
    const dx = Math.cos(phi + turn);
    const dy = Math.sin(phi + turn);
    for (let length = 0; length < shortest; length += downsample / 2) {
      const x = Math.floor((cx + dx * length) / downsample);
      const y = Math.floor((cy + dy * length) / downsample);
      if (x < 0 || y < 0 || x >= widthPx || y >= heightPx || !free[y * widthPx + x]) shortest = length;
    }
  }
  return shortest;
}

/** What was outlined is not outlined twice. */
function take(free: Uint8Array, truth: LabelImage, ring: readonly Point[]): void {
  const geometry: MultiPolygon = [[ring]];
  const xs = ring.map(([x]) => x / truth.downsample);
  const ys = ring.map(([, y]) => y / truth.downsample);
  for (let y = Math.floor(Math.min(...ys)); y <= Math.max(...ys); y++) {
    for (let x = Math.floor(Math.min(...xs)); x <= Math.max(...xs); x++) {
      if (containsPoint(geometry, [(x + 0.5) * truth.downsample, (y + 0.5) * truth.downsample])) {
        free[y * truth.widthPx + x] = 0;
      }
    }
  }
}
