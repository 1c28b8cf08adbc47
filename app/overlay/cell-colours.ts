/** Cells of a heat map as colours, one pixel a cell (or a pixel for 2^level x 2^level cells). */
import { parseHex, type Rgb, viridis } from '../core/colormap.ts';
import type { Heatmap } from './heatmap.ts';

export type CellPaint =
  /** The colour of the most probable class. */
  | { readonly mode: 'class'; readonly opacity: number }
  /** The probability of one class in viridis. */
  | { readonly mode: 'probability'; readonly classIndex: number; readonly opacity: number };

/** A window of pixels, each `2 ** level` cells wide. */
export interface CellWindow {
  readonly level: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** RGBA, [height, width, 4]; transparent where nothing was predicted and beyond the grid. */
export function paintCells(map: Heatmap, paint: CellPaint, window: CellWindow): Uint8Array {
  const alpha = Math.round(255 * Math.min(1, Math.max(0, paint.opacity)));
  const colours = map.header.classes.map(({ colour }) => parseHex(colour));
  const rgba = new Uint8Array(window.width * window.height * 4);
  const mean = new Float64Array(colours.length);
  for (let y = 0; y < window.height; y++) {
    for (let x = 0; x < window.width; x++) {
      if (!meanOver(map, window.level, window.x + x, window.y + y, mean)) continue;
      const [r, g, b] =
        paint.mode === 'class' ? colours[indexOfMax(mean)]! : probabilityColour(mean[paint.classIndex]!);
      const at = (y * window.width + x) * 4;
      rgba[at] = r;
      rgba[at + 1] = g;
      rgba[at + 2] = b;
      rgba[at + 3] = alpha;
    }
  }
  return rgba;
}

const viridisSteps: readonly Rgb[] = Array.from({ length: 256 }, (_, i) => viridis(i / 255));

function probabilityColour(probability: number): Rgb {
  return viridisSteps[Math.round(Math.min(1, Math.max(0, probability)) * 255)]!;
}

/** Mean probabilities over the predicted cells of a pixel, into `mean`; false where there is none. */
function meanOver(map: Heatmap, level: number, px: number, py: number, mean: Float64Array): boolean {
  const { columns, rows } = map.header.grid;
  const side = 2 ** level;
  const classes = mean.length;
  mean.fill(0);
  let cells = 0;
  for (let row = py * side; row < Math.min(rows, (py + 1) * side); row++) {
    for (let column = px * side; column < Math.min(columns, (px + 1) * side); column++) {
      const at = (row * columns + column) * classes;
      if (Number.isNaN(map.values[at]!)) continue;
      cells++;
      for (let k = 0; k < classes; k++) mean[k]! += map.values[at + k]!;
    }
  }
  for (let k = 0; k < classes; k++) mean[k]! /= cells;
  return cells > 0;
}

function indexOfMax(values: Float64Array): number {
  let best = 0;
  for (let k = 1; k < values.length; k++) if (values[k]! > values[best]!) best = k;
  return best;
}
