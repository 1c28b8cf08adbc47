/** The heat map as PNG tiles for the viewer, which scales them over the grid without smoothing. */
import sharp from 'sharp';
import { EosinError } from '../core/errors.ts';
import { type CellPaint, paintCells } from './cell-colours.ts';
import type { Heatmap } from './heatmap.ts';

/** Cells along a side of a tile at level 0. */
export const overlayTileSize = 256;

export interface OverlayTileRequest {
  /** 0: one px a cell; each further level halves the picture. */
  readonly level: number;
  readonly x: number;
  readonly y: number;
  readonly mode: 'class' | 'probability';
  /** The class shown in `probability`. */
  readonly classIndex?: number;
  /** 0..1; the viewer has a slider of its own, so 1 unless told. */
  readonly opacity?: number;
}

/** A 256 x 256 PNG with alpha. Throws `overlay/no-tile`, `overlay/no-class`. */
export async function overlayTile(map: Heatmap, request: OverlayTileRequest): Promise<Uint8Array> {
  const { level, x, y } = request;
  const { columns, rows } = map.header.grid;
  const cells = overlayTileSize * 2 ** level;
  const inside = level >= 0 && level <= 24 && x >= 0 && y >= 0 && x * cells < columns && y * cells < rows;
  if (![level, x, y].every(Number.isInteger) || !inside) {
    throw new EosinError('overlay/no-tile', 'missing', 'The prediction has no such tile.', {
      remedy: 'Ask for a tile inside the grid of the prediction.',
      fields: { level, x, y },
    });
  }
  const rgba = paintCells(map, paintOf(map, request), {
    level,
    x: x * overlayTileSize,
    y: y * overlayTileSize,
    width: overlayTileSize,
    height: overlayTileSize,
  });
  const raw = { width: overlayTileSize, height: overlayTileSize, channels: 4 as const };
  return await sharp(rgba, { raw }).png({ compressionLevel: 6 }).toBuffer();
}

function paintOf(map: Heatmap, { mode, classIndex = 0, opacity = 1 }: OverlayTileRequest): CellPaint {
  if (mode === 'class') return { mode, opacity };
  if (map.header.classes[classIndex] === undefined) {
    throw new EosinError('overlay/no-class', 'usage', 'The prediction has no such class.', {
      remedy: `Choose a class from 0 to ${map.header.classes.length - 1}.`,
      fields: { classIndex },
    });
  }
  return { mode, classIndex, opacity };
}
