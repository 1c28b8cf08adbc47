/**
 * Cells of one class joined to regions, as polygons on the cells' corners.
 *
 *     A A .        the two A cells that meet only at a corner are two regions (4-connected);
 *     . . A        where one region touches itself at a corner, its outline parts into rings that are simple each
 */
import type { Point, Polygon, Ring } from '../core/geometry.ts';

export interface GridRegion {
  readonly classIndex: number;
  /** Cells that were joined. */
  readonly cells: readonly number[];
  /** In cell corners: (0, 0) is the grid's top-left corner. Outer ring clockwise on the screen, holes the other way. */
  readonly polygon: Polygon;
}

/** Regions of `labels` ([rows, columns], -1 is nothing), ordered by their first cell. */
export function gridRegions(labels: Int32Array, columns: number, rows: number): GridRegion[] {
  const component = new Int32Array(labels.length).fill(-1);
  const regions: GridRegion[] = [];
  for (let start = 0; start < labels.length; start++) {
    if (labels[start]! < 0 || component[start]! >= 0) continue;
    const cells = flood(labels, component, columns, rows, start, regions.length);
    regions.push({ classIndex: labels[start]!, cells, polygon: outline(component, columns, rows, cells) });
  }
  return regions;
}

function flood(
  labels: Int32Array,
  component: Int32Array,
  columns: number,
  rows: number,
  start: number,
  id: number,
): number[] {
  const cells = [start];
  component[start] = id;
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i]!;
    const column = cell % columns;
    const visit = (neighbour: number): void => {
      if (component[neighbour]! >= 0 || labels[neighbour] !== labels[start]) return;
      component[neighbour] = id;
      cells.push(neighbour);
    };
    if (column > 0) visit(cell - 1);
    if (column < columns - 1) visit(cell + 1);
    if (cell >= columns) visit(cell - columns);
    if (cell < columns * (rows - 1)) visit(cell + columns);
  }
  return cells;
}

/** Steps along an edge: right, down, left, up; the region lies on the right hand. */
const steps = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/** The rings around one component: the outer one first. */
function outline(component: Int32Array, columns: number, rows: number, cells: readonly number[]): Polygon {
  const id = component[cells[0]!]!;
  const inside = (column: number, row: number): boolean =>
    column >= 0 && row >= 0 && column < columns && row < rows && component[row * columns + column] === id;
  // Corner -> bits of the directions in which an edge leaves it.
  const leaving = new Map<number, number>();
  const corner = (x: number, y: number): number => y * (columns + 1) + x;
  const edge = (x: number, y: number, direction: number): void => {
    leaving.set(corner(x, y), (leaving.get(corner(x, y)) ?? 0) | (1 << direction));
  };
  for (const cell of cells) {
    const x = cell % columns;
    const y = (cell - x) / columns;
    if (!inside(x, y - 1)) edge(x, y, 0);
    if (!inside(x + 1, y)) edge(x + 1, y, 1);
    if (!inside(x, y + 1)) edge(x + 1, y + 1, 2);
    if (!inside(x - 1, y)) edge(x, y + 1, 3);
  }
  const rings: Ring[] = [];
  // Edges were put in along the cells, the first of which lies on the outer ring's top edge.
  for (const start of leaving.keys()) {
    while ((leaving.get(start) ?? 0) !== 0) rings.push(follow(leaving, start, columns));
  }
  return rings;
}

/** Follows edges from `start` until the ring closes, taking each edge away; corners on a straight line are left out. */
function follow(leaving: Map<number, number>, start: number, columns: number): Ring {
  const points: Point[] = [];
  let x = start % (columns + 1);
  let y = (start - x) / (columns + 1);
  let at = start;
  let direction = -1;
  do {
    const bits = leaving.get(at)!;
    // Where two edges leave a corner the region touches itself: the left turn makes two simple rings of it.
    const next =
      direction < 0 ? lowestBit(bits) : bits & (1 << ((direction + 3) % 4)) ? (direction + 3) % 4 : lowestBit(bits);
    leaving.set(at, bits & ~(1 << next));
    if (next !== direction) points.push([x, y]);
    direction = next;
    x += steps[next]![0];
    y += steps[next]![1];
    at = y * (columns + 1) + x;
  } while (at !== start);
  const first = points[0]!;
  const last = points.at(-1)!;
  const second = points[1]!;
  // The start may lie in the middle of a straight line.
  const straight = (first[0] === last[0] && first[0] === second[0]) || (first[1] === last[1] && first[1] === second[1]);
  return straight ? points.slice(1) : points;
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
