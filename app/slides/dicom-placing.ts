/** Which frame of a DICOM picture is which of its tiles. */
import type { DicomInstance } from './dicom-instance.ts';
import { badStructure, unsupported } from './slide-errors.ts';

const mostPlanes = 1000;

/** Heights of a picture's focal planes in µm, from the glass up; null where the file does not say. Throws `slide/structure`, `slide/unsupported`. */
export function planesOfPicture(parts: readonly DicomInstance[]): (number | null)[] {
  const first = parts[0]!;
  const heights = first.places ? heightsOf(parts) : null;
  const planes = heights?.length ?? countPlanes(parts, columnsOf(first) * rowsOf(first));
  if (planes > mostPlanes) throw unsupported(`it has ${planes} focal planes`, { planes, limit: mostPlanes });
  if (heights) return heights;
  const { planeHeights } = first;
  return Array.from({ length: planes }, (_, k) =>
    planeHeights ? Number((planeHeights.firstUm + k * planeHeights.stepUm).toPrecision(9)) : null,
  );
}

export function columnsOf({ widthPx, tileWidthPx }: DicomInstance): number {
  return Math.ceil(widthPx / tileWidthPx);
}

export function rowsOf({ heightPx, tileHeightPx }: DicomInstance): number {
  return Math.ceil(heightPx / tileHeightPx);
}

/**
 * For each tile (row * columns + column) the number of its frame in a focal plane, counted over all parts; -1 where there is none. The
 * first optical path is taken. Throws `slide/structure`, `slide/unsupported`.
 */
export function placeFrames(parts: readonly DicomInstance[], plane: number): Int32Array {
  const first = parts[0]!;
  if (first.places) return placeSparse(parts, plane);
  const tiles = columnsOf(first) * rowsOf(first);
  countPlanes(parts, tiles);
  return Int32Array.from({ length: tiles }, (_, tile) => plane * tiles + tile);
}

/** Frames come tile by tile in rows, then focal plane by focal plane, then by optical path. */
function countPlanes(parts: readonly DicomInstance[], tiles: number): number {
  const { focalPlanes, opticalPaths } = parts[0]!;
  let frames = 0;
  for (const { firstFrame, table } of parts) {
    if (firstFrame !== frames) throw badStructure('a part of a picture is missing', { frame: frames });
    frames += table.frames;
  }
  const stacks = frames / tiles;
  if (!Number.isInteger(stacks) || stacks % opticalPaths !== 0)
    throw badStructure(`${frames} frames where ${tiles * focalPlanes * opticalPaths} belong`, { frames, tiles });
  return stacks / opticalPaths;
}

/** The heights that frames of the first optical path say. */
function heightsOf(parts: readonly DicomInstance[]): number[] {
  const heights = new Set<number>();
  for (const { places } of parts)
    for (const [i, z] of (places?.z ?? []).entries()) if (places!.path[i] === 0) heights.add(z);
  return [...heights].sort((a, b) => a - b);
}

/** Each frame says where it lies; -1 where no frame does. */
function placeSparse(parts: readonly DicomInstance[], plane: number): Int32Array {
  const { tileWidthPx, tileHeightPx, widthPx, heightPx } = parts[0]!;
  const columns = columnsOf(parts[0]!);
  const height = heightsOf(parts)[plane];
  const frameOf = new Int32Array(columns * rowsOf(parts[0]!)).fill(-1);
  for (const { places, firstFrame } of parts) {
    if (!places) throw badStructure('parts of one picture are tiled in different ways', { firstFrame });
    for (const [i, x] of places.x.entries()) {
      const y = places.y[i]!;
      if (!(x >= 0 && y >= 0 && x < widthPx && y < heightPx))
        throw badStructure('a frame lies outside of its picture', { frame: firstFrame + i, x, y });
      if (x % tileWidthPx !== 0 || y % tileHeightPx !== 0)
        throw unsupported('its frames do not lie on a grid', { frame: firstFrame + i, x, y });
      if (places.path[i] === 0 && places.z[i] === height)
        frameOf[(y / tileHeightPx) * columns + x / tileWidthPx] = firstFrame + i;
    }
  }
  return frameOf;
}
