/** Which frame of a DICOM picture is which of its tiles. */
import type { DicomInstance } from './dicom-instance.ts';
import { badStructure, unsupported } from './slide-errors.ts';

/**
 * For each tile (row * columns + column) the number of its frame, counted over all parts; -1 where there is none. Throws
 * `slide/structure`, `slide/unsupported`.
 */
export function placeFrames(parts: readonly DicomInstance[], columns: number, rows: number): Int32Array {
  return parts[0]!.places ? placeSparse(parts, columns, rows) : placeFull(parts, columns * rows);
}

/**
 * Frames come tile by tile in rows, then focal plane by focal plane, then by optical path: the middle plane of
 * the first path is taken.
 */
function placeFull(parts: readonly DicomInstance[], tiles: number): Int32Array {
  const { focalPlanes, opticalPaths } = parts[0]!;
  let frames = 0;
  for (const { firstFrame, table } of parts) {
    if (firstFrame !== frames) throw badStructure('a part of a picture is missing', { frame: frames });
    frames += table.frames;
  }
  const stacks = frames / tiles;
  if (!Number.isInteger(stacks) || stacks % opticalPaths !== 0)
    throw badStructure(`${frames} frames where ${tiles * focalPlanes * opticalPaths} belong`, { frames, tiles });
  const plane = Math.floor((stacks / opticalPaths - 1) / 2);
  return Int32Array.from({ length: tiles }, (_, tile) => plane * tiles + tile);
}

/** As `placeFull`, where each frame says where it lies; -1 where no frame does. */
function placeSparse(parts: readonly DicomInstance[], columns: number, rows: number): Int32Array {
  const { tileWidthPx, tileHeightPx, widthPx, heightPx } = parts[0]!;
  const planes = new Set<number>();
  for (const { places } of parts)
    for (const [i, z] of (places?.z ?? []).entries()) if (places!.path[i] === 0) planes.add(z);
  const sorted = [...planes].sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  const frameOf = new Int32Array(columns * rows).fill(-1);
  for (const { places, firstFrame } of parts) {
    if (!places) throw badStructure('parts of one picture are tiled in different ways', { firstFrame });
    for (const [i, x] of places.x.entries()) {
      const y = places.y[i]!;
      if (!(x >= 0 && y >= 0 && x < widthPx && y < heightPx))
        throw badStructure('a frame lies outside of its picture', { frame: firstFrame + i, x, y });
      if (x % tileWidthPx !== 0 || y % tileHeightPx !== 0)
        throw unsupported('its frames do not lie on a grid', { frame: firstFrame + i, x, y });
      if (places.path[i] === 0 && places.z[i] === middle)
        frameOf[(y / tileHeightPx) * columns + x / tileWidthPx] = firstFrame + i;
    }
  }
  return frameOf;
}
