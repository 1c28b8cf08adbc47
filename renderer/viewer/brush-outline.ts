/**
 * The outline of a brush stroke: a distance field around the pointer's path, cut at the brush's radius by marching squares.
 * One pass whatever the number of points, with holes where the stroke closes on itself.
 */
import type { MultiPolygon, Point, Ring } from '../../app/core/geometry.ts';
import { containsPoint, ringArea } from '../../app/core/geometry.ts';
import { simplifyRing } from './simplify.ts';

/** Cells of the field per brush radius; linear interpolation keeps the outline within a percent of the radius. */
const cellsPerRadius = 12;
const mostCells = 1_500_000;

/** `path` in level-0 px, at least one point; `radius` in level-0 px. */
export function strokeOutline(path: readonly Point[], radius: number): MultiPolygon {
  const xs = path.map((p) => p[0]);
  const ys = path.map((p) => p[1]);
  const x0 = Math.min(...xs) - radius;
  const y0 = Math.min(...ys) - radius;
  const spanX = Math.max(...xs) + radius - x0;
  const spanY = Math.max(...ys) + radius - y0;
  const cell = Math.max(radius / cellsPerRadius, Math.sqrt((spanX * spanY) / mostCells));
  // One cell of margin on each side, so that every contour closes.
  const columns = Math.ceil(spanX / cell) + 3;
  const rows = Math.ceil(spanY / cell) + 3;
  const originX = x0 - cell;
  const originY = y0 - cell;
  const field = distanceField(path, radius, { columns, rows, originX, originY, cell });
  const rings = contours(field, columns, rows).map((ring) =>
    simplifyRing(
      ring.map(([x, y]): Point => [originX + x * cell, originY + y * cell]),
      cell / 8,
    ),
  );
  return nest(rings.filter((ring) => ring.length >= 3));
}

interface Field {
  readonly columns: number;
  readonly rows: number;
  readonly originX: number;
  readonly originY: number;
  readonly cell: number;
}

/** Distance to the path minus the radius, in cells, cut off at one cell outside: [rows, columns], negative inside. */
function distanceField(
  path: readonly Point[],
  radius: number,
  { columns, rows, originX, originY, cell }: Field,
): Float32Array {
  const field = new Float32Array(columns * rows).fill(1);
  const reach = radius / cell + 1;
  for (let i = 0; i < path.length; i++) {
    const a = path[Math.max(0, i - 1)]!;
    const b = path[i]!;
    const ax = (a[0] - originX) / cell;
    const ay = (a[1] - originY) / cell;
    const bx = (b[0] - originX) / cell;
    const by = (b[1] - originY) / cell;
    const dx = bx - ax;
    const dy = by - ay;
    const length2 = dx * dx + dy * dy || 1;
    const left = Math.max(0, Math.floor(Math.min(ax, bx) - reach));
    const right = Math.min(columns - 1, Math.ceil(Math.max(ax, bx) + reach));
    const top = Math.max(0, Math.floor(Math.min(ay, by) - reach));
    const bottom = Math.min(rows - 1, Math.ceil(Math.max(ay, by) + reach));
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const t = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length2));
        const distance = Math.hypot(x - ax - t * dx, y - ay - t * dy) - radius / cell;
        const at = y * columns + x;
        if (distance < field[at]!) field[at] = distance;
      }
    }
  }
  return field;
}

/**
 * Marching squares: the closed lines where the field crosses 0, in cells, the inside on the right hand.
 * Crossings are named by the cell edge on which they lie: 2 * cell for its top edge, 2 * cell + 1 for its left edge.
 */
function contours(field: Float32Array, columns: number, rows: number): Point[][] {
  const next = new Map<number, number>();
  for (let y = 0; y < rows - 1; y++) {
    for (let x = 0; x < columns - 1; x++) {
      const at = y * columns + x;
      const inside = (i: number): number => (field[i]! < 0 ? 1 : 0);
      const corners =
        inside(at) | (inside(at + 1) << 1) | (inside(at + columns + 1) << 2) | (inside(at + columns) << 3);
      if (corners === 0 || corners === 15) continue;
      const top = 2 * at;
      const left = 2 * at + 1;
      const bottom = 2 * (at + columns);
      const right = 2 * (at + 1) + 1;
      for (const [from, to] of segments(corners, top, right, bottom, left)) next.set(from, to);
    }
  }
  const lines: Point[][] = [];
  while (next.size > 0) {
    const [start] = next.keys();
    const line: Point[] = [];
    for (let edge = start; edge !== undefined; ) {
      const following = next.get(edge);
      if (following === undefined) break;
      next.delete(edge);
      line.push(crossing(field, columns, edge));
      edge = following;
    }
    lines.push(line);
  }
  return lines;
}

/** Bits of `corners`: 1 top-left, 2 top-right, 4 bottom-right, 8 bottom-left. */
function segments(corners: number, top: number, right: number, bottom: number, left: number): [number, number][] {
  const table: Record<number, [number, number][]> = {
    1: [[top, left]],
    2: [[right, top]],
    3: [[right, left]],
    4: [[bottom, right]],
    5: [
      [top, left],
      [bottom, right],
    ],
    6: [[bottom, top]],
    7: [[bottom, left]],
    8: [[left, bottom]],
    9: [[top, bottom]],
    10: [
      [right, top],
      [left, bottom],
    ],
    11: [[right, bottom]],
    12: [[left, right]],
    13: [[top, right]],
    14: [[left, top]],
  };
  return table[corners] ?? [];
}

function crossing(field: Float32Array, columns: number, edge: number): Point {
  const at = edge >> 1;
  const x = at % columns;
  const y = (at - x) / columns;
  const a = field[at]!;
  const b = field[edge & 1 ? at + columns : at + 1]!;
  const t = a / (a - b);
  return edge & 1 ? [x, y + t] : [x + t, y];
}

/** Rings with the sense of the largest are outlines, the others are holes of the outline around them. */
function nest(rings: readonly Ring[]): MultiPolygon {
  const sorted = [...rings].sort((a, b) => Math.abs(ringArea(b)) - Math.abs(ringArea(a)));
  const sense = Math.sign(ringArea(sorted[0] ?? []));
  const polygons: Ring[][] = [];
  for (const ring of sorted) {
    if (Math.sign(ringArea(ring)) === sense) polygons.push([ring]);
    else polygons.find(([outer]) => outer && containsPoint([[outer]], ring[0]!))?.push(ring);
  }
  return polygons;
}
