/** Tiled TIFF and BigTIFF of no special maker: directory by directory a level, the resolution tags as scale. */
import type { Mpp } from '../core/pyramid.ts';
import { plausibleMpp } from './plausible-mpp.ts';
import { unsupported } from './slide-errors.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffLayout } from './tiff-slide.ts';

/** Levels share the first one's shape, to the rounding of a small picture. */
const shapeTolerance = 0.02;

/** Takes any TIFF whose first picture is tiled; throws `slide/unsupported` for others. */
export function readGenericTiff(directories: readonly TiffDirectory[]): TiffLayout {
  const first = directories[0]!;
  if (!first.tiled)
    throw unsupported('its pixels lie in strips, not in tiles', { widthPx: first.widthPx, heightPx: first.heightPx });
  const levels = chooseLevels(directories);
  const others = directories.filter((directory) => directory.parent === null && !levels.includes(directory));
  return {
    format: 'tiff',
    vendor: 'generic-tiff',
    levels,
    associated: others.map((directory) => ({ name: `picture-${directory.index}`, directory })),
    mpp: resolutionMpp(first),
    objective: null,
    properties: {
      ...first.texts,
      ...(first.description === '' ? {} : { 'tiff.imageDescription': first.description }),
    },
  };
}

/** The first directory and every later tiled one of its shape that is smaller than the last taken; SubIFDs only of the first. */
export function chooseLevels(directories: readonly TiffDirectory[]): TiffDirectory[] {
  const first = directories[0]!;
  const candidates = directories
    .slice(1)
    .filter((directory) => !directory.parent && directory.tiled && sameShape(first, directory));
  candidates.sort((a, b) => b.widthPx - a.widthPx);
  const levels = [first];
  for (const directory of candidates) if (directory.widthPx < levels.at(-1)!.widthPx) levels.push(directory);
  return levels;
}

function sameShape(first: TiffDirectory, level: TiffDirectory): boolean {
  const ratioX = first.widthPx / level.widthPx;
  const ratioY = first.heightPx / level.heightPx;
  const rounding = Math.max(1 / level.widthPx, 1 / level.heightPx);
  return Math.abs(ratioX / ratioY - 1) <= shapeTolerance + rounding;
}

/** µm per px by the resolution tags; null where they say nothing that can be true. */
export function resolutionMpp({ resolution }: TiffDirectory): Mpp | null {
  if (!resolution) return null;
  const unitUm = resolution.unit === 'inch' ? 25_400 : 10_000;
  return plausibleMpp(unitUm / resolution.x, unitUm / resolution.y);
}
