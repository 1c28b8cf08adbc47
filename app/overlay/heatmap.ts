/**
 * A heat map: what a model said of every cell of a grid that lies over a slide.
 *
 *     level-0 px   x        x + strideX
 *              y   +--------+--------+ ...     cell (column, row); values[(row * columns + column) * classes + k]
 *                  | cell   | cell   |         NaN in all classes: nothing was predicted there (glass, ignored)
 *                  +--------+--------+
 *
 * A patch is as large as a cell or larger (stride below the patch's side); it is centred on its cell.
 */
import type { Box, Point } from '../core/geometry.ts';
import type { Mpp } from '../core/pyramid.ts';

/** Where the cells lie, level-0 px (fractions are allowed: a finer slide is resampled). */
export interface HeatmapGrid {
  /** Top-left corner of cell (0, 0). */
  readonly x: number;
  readonly y: number;
  readonly strideX: number;
  readonly strideY: number;
  readonly columns: number;
  readonly rows: number;
  /** Size of the patch that was looked at for a cell. */
  readonly patchWidth: number;
  readonly patchHeight: number;
}

/** What a heat map is of; two with equal headers are the same prediction, so one goes on where the other stopped. */
export interface HeatmapHeader {
  readonly slideId: string;
  readonly slideFingerprint: string;
  readonly modelId: string;
  /** SHA-256 of model.onnx. */
  readonly modelSha256: string;
  readonly classes: readonly { readonly name: string; readonly colour: string }[];
  readonly grid: HeatmapGrid;
  /** Of the slide, to give areas; null where nobody knows. */
  readonly mpp: Mpp | null;
  /** What else decides the numbers: tissue threshold, stride, overrides. */
  readonly settings: Readonly<Record<string, string | number | boolean | null>>;
}

export interface Heatmap {
  readonly header: HeatmapHeader;
  /** [rows, columns, classes], NaN where nothing was predicted. */
  readonly values: Float32Array;
  /** Rows from the top that are finished. */
  rowsDone: number;
}

/** A heat map in which nothing was predicted yet. */
export function createHeatmap(header: HeatmapHeader): Heatmap {
  const { columns, rows } = header.grid;
  return { header, values: new Float32Array(columns * rows * header.classes.length).fill(Number.NaN), rowsDone: 0 };
}

/**
 * The grid that covers a slide: patches of `patch` level-0 px every `stride` level-0 px, whole patches only
 * (a slide smaller than one patch gets none).
 */
export function gridOver(slide: { widthPx: number; heightPx: number }, patch: number, stride: number): HeatmapGrid {
  const along = (length: number): number => (length < patch ? 0 : Math.floor((length - patch) / stride + 1e-9) + 1);
  const inset = (patch - stride) / 2;
  return {
    x: inset,
    y: inset,
    strideX: stride,
    strideY: stride,
    columns: along(slide.widthPx),
    rows: along(slide.heightPx),
    patchWidth: patch,
    patchHeight: patch,
  };
}

export function cellBox(grid: HeatmapGrid, column: number, row: number): Box {
  return {
    x: grid.x + column * grid.strideX,
    y: grid.y + row * grid.strideY,
    width: grid.strideX,
    height: grid.strideY,
  };
}

/** The patch that is looked at for a cell: same centre, `patchWidth` x `patchHeight`. */
export function patchBox(grid: HeatmapGrid, column: number, row: number): Box {
  return {
    x: grid.x + (column + 0.5) * grid.strideX - grid.patchWidth / 2,
    y: grid.y + (row + 0.5) * grid.strideY - grid.patchHeight / 2,
    width: grid.patchWidth,
    height: grid.patchHeight,
  };
}

/** Index of the most probable class at a cell, or -1 where nothing was predicted. */
export function classAt(map: Heatmap, column: number, row: number): number {
  const classes = map.header.classes.length;
  const at = (row * map.header.grid.columns + column) * classes;
  let best = -1;
  let highest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < classes; k++) {
    const value = map.values[at + k]!;
    if (value > highest) {
      highest = value;
      best = k;
    }
  }
  return best;
}

/** The probabilities a class under a level-0 point, or null where nothing was predicted. */
export function probabilityAt(map: Heatmap, [x, y]: Point): number[] | null {
  const { grid, classes } = map.header;
  const column = Math.floor((x - grid.x) / grid.strideX);
  const row = Math.floor((y - grid.y) / grid.strideY);
  if (column < 0 || row < 0 || column >= grid.columns || row >= grid.rows) return null;
  const at = (row * grid.columns + column) * classes.length;
  const values = [...map.values.subarray(at, at + classes.length)];
  return values.some(Number.isNaN) ? null : values;
}
