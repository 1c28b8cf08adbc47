/**
 * Plane geometry in level-0 pixels: x to the right, y down, the slide's top-left corner at (0, 0).
 *
 *     MultiPolygon = [Polygon, ...]      Polygon = [outer Ring, hole Ring, ...]      Ring = [Point, ...] (not closed)
 */

export type Point = readonly [x: number, y: number];
/** Three or more corners; the last joins the first and is not repeated. */
export type Ring = readonly Point[];
/** The outer ring, then its holes. */
export type Polygon = readonly Ring[];
export type MultiPolygon = readonly Polygon[];

/** An axis-parallel rectangle in level-0 px. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Signed area in px² by the shoelace formula. */
export function ringArea(ring: Ring): number {
  let twice = 0;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [x0, y0] = ring[j]!;
    const [x1, y1] = ring[i]!;
    twice += x0 * y1 - x1 * y0;
  }
  return twice / 2;
}

/** Area in px²: outer rings minus holes. */
export function areaPx2(geometry: MultiPolygon): number {
  let area = 0;
  for (const [outer, ...holes] of geometry) {
    if (outer) area += Math.abs(ringArea(outer));
    for (const hole of holes) area -= Math.abs(ringArea(hole));
  }
  return area;
}

/** The smallest box around all points; an empty geometry gives a box of size 0 at the origin. */
export function boundsOf(geometry: MultiPolygon): Box {
  let x0 = Number.POSITIVE_INFINITY;
  let y0 = Number.POSITIVE_INFINITY;
  let x1 = Number.NEGATIVE_INFINITY;
  let y1 = Number.NEGATIVE_INFINITY;
  for (const polygon of geometry) {
    for (const [x, y] of polygon[0] ?? []) {
      x0 = Math.min(x0, x);
      y0 = Math.min(y0, y);
      x1 = Math.max(x1, x);
      y1 = Math.max(y1, y);
    }
  }
  return x0 > x1 ? { x: 0, y: 0, width: 0, height: 0 } : { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
}

export function intersects(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** Even-odd test, holes excluded. */
export function containsPoint(geometry: MultiPolygon, [px, py]: Point): boolean {
  let inside = false;
  for (const polygon of geometry) {
    for (const ring of polygon) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [x0, y0] = ring[j]!;
        const [x1, y1] = ring[i]!;
        if (y0 > py !== y1 > py && px < ((x1 - x0) * (py - y0)) / (y1 - y0) + x0) inside = !inside;
      }
    }
  }
  return inside;
}

export function boxPolygon({ x, y, width, height }: Box): Polygon {
  return [
    [
      [x, y],
      [x + width, y],
      [x + width, y + height],
      [x, y + height],
    ],
  ];
}
