/**
 * Geometry as it lies in the database: int32 in 1/64 px, little endian.
 *
 *     [version 1] [polygons] ( [rings] ( [points] (x y)* )* )*
 *
 * 1/64 px (4 nm at 40x) is finer than any hand, and an int32 holds slides of 33 million px a side.
 */
import { EosinError } from '../core/errors.ts';
import type { MultiPolygon, Point, Polygon, Ring } from '../core/geometry.ts';

const unitsPerPx = 64;
const version = 1;
const limit = 2 ** 31 - 1;

/** Coordinates on the 1/64 px grid; what is stored and what is given back are then equal. */
export function quantise(geometry: MultiPolygon): MultiPolygon {
  return geometry.map((polygon) =>
    polygon.map((ring) => ring.map(([x, y]) => [toUnits(x) / unitsPerPx, toUnits(y) / unitsPerPx])),
  );
}

/** Nearest 1/64 px; throws `annotation/not-finite` for NaN, infinities and what an int32 cannot hold. */
export function toUnits(px: number): number {
  const units = Math.round(px * unitsPerPx);
  if (!(Math.abs(units) <= limit)) {
    throw new EosinError('annotation/not-finite', 'input', 'A region has a corner that is not a usable number.', {
      remedy: 'Export the regions again from the program that made them.',
      fields: { value: String(px) },
    });
  }
  // Without the zero, -0 would come back as 0.
  return units + 0;
}

export function encodeGeometry(geometry: MultiPolygon): Buffer {
  let length = 2;
  for (const polygon of geometry) {
    length += 1;
    for (const ring of polygon) length += 1 + 2 * ring.length;
  }
  const bytes = Buffer.allocUnsafe(4 * length);
  let at = 0;
  const put = (value: number): void => {
    at = bytes.writeInt32LE(value, at);
  };
  put(version);
  put(geometry.length);
  for (const polygon of geometry) {
    put(polygon.length);
    for (const ring of polygon) {
      put(ring.length);
      for (const [x, y] of ring) {
        put(toUnits(x));
        put(toUnits(y));
      }
    }
  }
  return bytes;
}

/** Throws `annotation/damaged` for bytes that `encodeGeometry` did not write. */
export function decodeGeometry(bytes: Uint8Array): MultiPolygon {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (): number => {
    if (at + 4 > view.byteLength) throw damagedGeometry();
    const value = view.getInt32(at, true);
    at += 4;
    return value;
  };
  // A count can never exceed what is left of the bytes, so that a damaged one allocates nothing.
  const count = (wordsEach: number): number => {
    const value = take();
    if (value < 0 || value * wordsEach * 4 > view.byteLength - at) throw damagedGeometry();
    return value;
  };
  if (take() !== version) throw damagedGeometry();
  const geometry: Polygon[] = [];
  for (let polygons = count(1); polygons > 0; polygons--) {
    const polygon: Ring[] = [];
    for (let rings = count(1); rings > 0; rings--) {
      const ring: Point[] = [];
      for (let points = count(2); points > 0; points--) ring.push([take() / unitsPerPx, take() / unitsPerPx]);
      polygon.push(ring);
    }
    geometry.push(polygon);
  }
  if (at !== view.byteLength) throw damagedGeometry();
  return geometry;
}

function damagedGeometry(): EosinError {
  return new EosinError('annotation/damaged', 'input', 'A stored region cannot be read.', {
    remedy: 'Restore the project from a backup; the history of the region may still hold it.',
  });
}
