/**
 * Overview levels for slides whose pyramid has holes, made once and cached as a pyramid file named by the slide's fingerprint.
 *
 *     stored   1 ------------------------- 64         a gap of more than 8 is filled in steps of 4
 *     made         4 -------- 16                      each px the mean of 4 x 4 px below it
 *
 * One pass over the tiles of the finer stored level makes all steps above it, from decoded px, not from made JPEG.
 */
import { join } from 'node:path';
import type { PyramidLevel } from '../core/pyramid.ts';
import type { RgbImage } from '../core/slide.ts';
import { encodeJpeg } from './image-codec.ts';
import { type CachedPyramid, openCachedPyramid } from './pyramid-cache.ts';
import { readWindows } from './region-reader.ts';
import { shrinkBy } from './resample.ts';
import type { OnStep } from './slide.ts';
import type { TileLevel } from './tile-level.ts';
import { createTiledTiff } from './tiled-tiff-writer.ts';

const step = 4;
export const madeTilePx = 256;
const largestGap = 8;
/** A pyramid is whole when its top fits on a screen. */
const topSidePx = 1024;
const largestTopSidePx = 4096;
const quality = 90;

export interface MadeLevel extends PyramidLevel {
  /** The stored level below, which it is made from. */
  readonly from: number;
}

/** The levels to make for these stored ones (finest first): in gaps of more than 8, and above a top that is too large. */
export function planMadeLevels(stored: readonly PyramidLevel[]): MadeLevel[] {
  const made: MadeLevel[] = [];
  for (const [from, level] of stored.entries()) {
    const next = stored[from + 1];
    if (next && next.downsample / level.downsample <= largestGap) continue;
    const largestTop = stored.length === 1 ? topSidePx : largestTopSidePx;
    if (!next && Math.max(level.widthPx, level.heightPx) <= largestTop) continue;
    let below: PyramidLevel = level;
    while (
      next ? next.downsample / below.downsample > largestGap : Math.max(below.widthPx, below.heightPx) > topSidePx
    ) {
      below = {
        widthPx: Math.ceil(below.widthPx / step),
        heightPx: Math.ceil(below.heightPx / step),
        downsample: below.downsample * step,
      };
      made.push({ ...below, from });
    }
  }
  return made;
}

/** Opens the made levels, in the order of the plan; makes them first when they are not cached. */
export function openMadeLevels(
  stored: readonly TileLevel[],
  plan: readonly MadeLevel[],
  cacheFolder: string,
  fingerprint: string,
  onStep?: OnStep,
): Promise<CachedPyramid> {
  const path = join(cacheFolder, 'overviews', `${fingerprint}-1.tif`);
  return openCachedPyramid(path, plan, () => writeMadeLevels(stored, plan, path, onStep));
}

async function writeMadeLevels(
  stored: readonly TileLevel[],
  plan: readonly MadeLevel[],
  path: string,
  onStep?: OnStep,
): Promise<void> {
  const writer = await createTiledTiff(
    path,
    plan.map((level) => ({ ...level, tilePx: madeTilePx })),
  );
  const chains = [...new Set(plan.map((level) => level.from))].map((from) => ({
    from,
    first: plan.findIndex((level) => level.from === from),
    levels: plan.filter((level) => level.from === from),
  }));
  // The finest level of a chain takes nearly all of its time.
  const total = chains.reduce((sum, { levels }) => sum + gridOf(levels[0]!).columns * gridOf(levels[0]!).rows, 0);
  let done = 0;
  const tell = (tiles: number): void => {
    done += tiles;
    onStep?.({ done, total });
  };
  try {
    for (const { from, first, levels } of chains)
      await makeChain(stored[from]!, levels, (k, index, jpeg) => writer.addTile(first + k, index, jpeg), tell);
    await writer.finish();
  } catch (thrown) {
    await writer.discard();
    throw thrown;
  }
}

type Emit = (level: number, index: number, jpeg: Uint8Array) => Promise<void>;

function gridOf({ widthPx, heightPx }: PyramidLevel): { columns: number; rows: number } {
  return { columns: Math.ceil(widthPx / madeTilePx), rows: Math.ceil(heightPx / madeTilePx) };
}

/** Makes a chain of levels, each a quarter of the one below, in one pass over `source`; tells tiles of the finest as they are done. */
async function makeChain(
  source: TileLevel,
  chain: readonly MadeLevel[],
  emit: Emit,
  tell: (tiles: number) => void,
): Promise<void> {
  const grids = chain.map((level) => ({
    ...gridOf(level),
    /** Tiles that wait for their 4 x 4 children. */
    growing: new Map<number, { image: RgbImage; missing: number }>(),
  }));

  const deliver = async (k: number, column: number, row: number, image: RgbImage): Promise<void> => {
    await emit(k, row * grids[k]!.columns + column, await encodeJpeg(padTile(image), quality));
    const above = grids[k + 1];
    if (!above) return;
    const parent = { column: Math.floor(column / step), row: Math.floor(row / step) };
    const index = parent.row * above.columns + parent.column;
    const tile = above.growing.get(index) ?? startTile(chain[k + 1]!, grids[k]!, parent);
    above.growing.set(index, tile);
    const part = madeTilePx / step;
    paste(
      tile.image,
      shrinkBy(step, image.data, image.widthPx, image.heightPx),
      (column % step) * part,
      (row % step) * part,
    );
    tile.missing--;
    if (tile.missing > 0) return;
    above.growing.delete(index);
    await deliver(k + 1, parent.column, parent.row, tile.image);
  };

  // Large stored tiles feed several made ones: all of those are cut from one decoding.
  const block = Math.max(1, Math.floor(Math.max(source.tileWidthPx, source.tileHeightPx) / (madeTilePx * step)));
  const { columns, rows } = grids[0]!;
  const sidePx = madeTilePx * step;
  for (let top = 0; top < rows; top += block) {
    for (let left = 0; left < columns; left += block) {
      const places: { column: number; row: number }[] = [];
      for (let row = top; row < Math.min(rows, top + block); row++)
        for (let column = left; column < Math.min(columns, left + block); column++) places.push({ column, row });
      const boxes = places.map(({ column, row }) => ({
        x: column * sidePx,
        y: row * sidePx,
        widthPx: Math.min(sidePx, source.widthPx - column * sidePx),
        heightPx: Math.min(sidePx, source.heightPx - row * sidePx),
      }));
      const windows = await readWindows(source, boxes);
      for (const [i, { column, row }] of places.entries()) {
        const { data, widthPx, heightPx } = windows[i]!;
        await deliver(0, column, row, shrinkBy(step, data, widthPx, heightPx));
      }
      tell(places.length);
    }
  }
}

/** A tile to be filled by its children below: as large as the level leaves it, and how many children it has. */
function startTile(level: PyramidLevel, below: { columns: number; rows: number }, at: { column: number; row: number }) {
  const widthPx = Math.min(madeTilePx, level.widthPx - at.column * madeTilePx);
  const heightPx = Math.min(madeTilePx, level.heightPx - at.row * madeTilePx);
  const children = Math.min(step, below.columns - at.column * step) * Math.min(step, below.rows - at.row * step);
  return { image: { data: new Uint8Array(widthPx * heightPx * 3), widthPx, heightPx }, missing: children };
}

function paste(into: RgbImage, part: RgbImage, left: number, top: number): void {
  for (let y = 0; y < part.heightPx; y++)
    into.data.set(
      part.data.subarray(y * part.widthPx * 3, (y + 1) * part.widthPx * 3),
      ((top + y) * into.widthPx + left) * 3,
    );
}

/** A tile at the slide's border, filled up with its last column and row so that JPEG does not ring there. */
function padTile(image: RgbImage): RgbImage {
  if (image.widthPx === madeTilePx && image.heightPx === madeTilePx) return image;
  const data = new Uint8Array(madeTilePx * madeTilePx * 3);
  for (let y = 0; y < madeTilePx; y++) {
    const row = Math.min(y, image.heightPx - 1) * image.widthPx * 3;
    data.set(image.data.subarray(row, row + image.widthPx * 3), y * madeTilePx * 3);
    const last = image.data.subarray(row + (image.widthPx - 1) * 3, row + image.widthPx * 3);
    for (let x = image.widthPx; x < madeTilePx; x++) data.set(last, (y * madeTilePx + x) * 3);
  }
  return { data, widthPx: madeTilePx, heightPx: madeTilePx };
}
