/**
 * The grid of patches over a slide, anchored at the slide's origin: patch (0, 0) starts at level-0 (0, 0).
 *
 *     +----+----+----+ -+      inside:  patches that lie wholly inside the slide (training)
 *     |    |    |    |  |      borders: one more column and row where something is left over; these patches
 *     +----+----+----+ -+               hang over the right and bottom border and the reader fills them with
 *     |    |    |    |  |               glass (prediction covers the whole slide)
 *     +- - + - -+- - + -+
 *
 * Where nothing else is said the stride equals the patch, so that patches do not overlap.
 */
import { EosinError } from '../core/errors.ts';
import type { Box } from '../core/geometry.ts';

export interface PatchGrid {
  /** Top-left corner of patch (0, 0), level-0 px. */
  readonly x: number;
  readonly y: number;
  readonly columns: number;
  readonly rows: number;
  /** Distance between neighbours, level-0 px; may be fractional where a finer slide is resampled. */
  readonly stride: number;
  /** Side of a patch, level-0 px. */
  readonly side: number;
  /** Side of a patch in px of the model. */
  readonly sizePx: number;
  /** Level-0 px per px of the model. */
  readonly downsample: number;
}

export interface GridRequest {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Level-0 px per px of the model: `downsampleFor(slideMpp, modelMpp)` of core/pyramid; 1 where mpp is unknown. */
  readonly downsample: number;
  readonly sizePx: number;
  /** In px of the model; `sizePx` unless said otherwise. */
  readonly stridePx?: number;
  readonly cover?: 'inside' | 'borders';
}

/** Throws `patches/grid` for sizes that make no grid. A slide smaller than a patch has no patch inside. */
export function patchGrid({
  widthPx,
  heightPx,
  downsample,
  sizePx,
  stridePx = sizePx,
  cover = 'inside',
}: GridRequest): PatchGrid {
  if (![widthPx, heightPx, downsample, sizePx, stridePx].every((value) => Number.isFinite(value) && value > 0)) {
    throw new EosinError('patches/grid', 'usage', 'A patch grid needs sizes, a stride and a scale above zero.', {
      remedy: 'Check patch size, stride and um per pixel.',
      fields: { widthPx, heightPx, downsample, sizePx, stridePx },
    });
  }
  const side = sizePx * downsample;
  const stride = stridePx * downsample;
  const along = (length: number): number => {
    // A thousandth of a pixel: a slide of exactly n patches must not lose one to rounding.
    const steps = (length - side) / stride;
    if (cover === 'borders') return Math.max(0, Math.ceil(steps - 0.001 / stride)) + 1;
    return steps < -0.001 / stride ? 0 : Math.floor(steps + 0.001 / stride) + 1;
  };
  return { x: 0, y: 0, columns: along(widthPx), rows: along(heightPx), stride, side, sizePx, downsample };
}

/** The patch's square in level-0 px. */
export function patchBox(grid: PatchGrid, column: number, row: number): Box {
  return {
    x: grid.x + column * grid.stride,
    y: grid.y + row * grid.stride,
    width: grid.side,
    height: grid.side,
  };
}
