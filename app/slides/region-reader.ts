/** Regions from tiles: decodes what is needed once, puts it together, resamples it once. */

import { EosinError } from '../core/errors.ts';
import type { RegionRequest, RgbImage } from '../core/slide.ts';
import { mostPixels } from './image-codec.ts';
import { resample, snap, sourceSpan, type Target, type Window } from './resample.ts';
import type { OnStep } from './slide.ts';
import type { TileLevel } from './tile-level.ts';

/** Source px that one step decodes at the most, give or take the tiles at its border. */
const stepSidePx = 2048;
const stepPixels = 4 * stepSidePx * stepSidePx;
/** Px that are decoded at once: enough to share the cost of a call, few enough to stay in the processor's caches. */
const decodePixels = 2 ** 21;

/** Finer than this nothing is gained. */
const finestDownsample = 1 / 64;

/** A rectangle of whole px of a level; may reach beyond it. */
export interface LevelBox {
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/**
 * Memory that the next reading may use again: to get fresh memory from the system costs a third of what decoding into it does. What a
 * reading gave lies in it, so it serves one reading at a time.
 */
export interface Scratch {
  tiles: Uint8Array;
  windows: Uint8Array;
}

/** Cuts all boxes out of a level, each tile decoded once, some tiles at a time; what lies outside of the level is white. */
export async function readWindows(level: TileLevel, boxes: readonly LevelBox[], scratch?: Scratch): Promise<Window[]> {
  const users = new Map<number, number[]>();
  for (const [number, box] of boxes.entries())
    for (const index of tilesUnder(level, box)) {
      const found = users.get(index);
      if (found) found.push(number);
      else users.set(index, [number]);
    }
  const windows = blankWindows(level, boxes, scratch);
  const tilePixels = level.tileWidthPx * level.tileHeightPx;
  const indexes = [...users.keys()];
  const atOnce = Math.max(1, Math.floor(decodePixels / tilePixels));
  if (scratch) scratch.tiles = atLeast(scratch.tiles, Math.min(atOnce, indexes.length) * tilePixels * 3);
  for (let first = 0; first < indexes.length; first += atOnce) {
    const these = indexes.slice(first, first + atOnce);
    const tiles = await level.decodeTiles(these, scratch?.tiles);
    for (const [place, index] of these.entries())
      for (const number of users.get(index)!) paste(level, index, tiles, place * tilePixels, windows[number]!);
  }
  return windows;
}

function atLeast(memory: Uint8Array, bytes: number): Uint8Array {
  return memory.length >= bytes ? memory : new Uint8Array(bytes);
}

/** Indexes of the tiles that the box touches. */
function* tilesUnder(level: TileLevel, box: LevelBox): Generator<number> {
  const firstColumn = Math.max(0, Math.floor(box.x / level.tileWidthPx));
  const lastColumn = Math.min(level.columns - 1, Math.ceil((box.x + box.widthPx) / level.tileWidthPx) - 1);
  const firstRow = Math.max(0, Math.floor(box.y / level.tileHeightPx));
  const lastRow = Math.min(level.rows - 1, Math.ceil((box.y + box.heightPx) / level.tileHeightPx) - 1);
  for (let row = firstRow; row <= lastRow; row++)
    for (let column = firstColumn; column <= lastColumn; column++) yield row * level.columns + column;
}

/** Windows in which what lies in the level is still to come, and the rest is white. */
function blankWindows(level: TileLevel, boxes: readonly LevelBox[], scratch?: Scratch): Window[] {
  const bytesOf = (box: LevelBox): number => box.widthPx * box.heightPx * 3;
  if (scratch)
    scratch.windows = atLeast(
      scratch.windows,
      boxes.reduce((sum, box) => sum + bytesOf(box), 0),
    );
  let used = 0;
  return boxes.map((box) => {
    const bytes = bytesOf(box);
    const data = scratch ? scratch.windows.subarray(used, used + bytes) : new Uint8Array(bytes);
    used += bytes;
    const inside =
      box.x >= 0 && box.y >= 0 && box.x + box.widthPx <= level.widthPx && box.y + box.heightPx <= level.heightPx;
    if (!inside) data.fill(255);
    return {
      data,
      ...box,
      slideAcross: { from: Math.max(0, -box.x), to: Math.min(box.widthPx, level.widthPx - box.x) },
      slideDown: { from: Math.max(0, -box.y), to: Math.min(box.heightPx, level.heightPx - box.y) },
    };
  });
}

/** Copies what a tile, which begins at px `base` of `tiles`, has of a window. */
function paste(level: TileLevel, index: number, tiles: Uint8Array, base: number, window: Window): void {
  const { tileWidthPx, tileHeightPx, columns, widthPx, heightPx } = level;
  const tileX = (index % columns) * tileWidthPx;
  const tileY = Math.floor(index / columns) * tileHeightPx;
  const x0 = Math.max(window.x, tileX);
  const x1 = Math.min(window.x + window.widthPx, tileX + tileWidthPx, widthPx);
  const y0 = Math.max(window.y, tileY);
  const y1 = Math.min(window.y + window.heightPx, tileY + tileHeightPx, heightPx);
  for (let y = y0; y < y1; y++) {
    const from = (base + (y - tileY) * tileWidthPx + x0 - tileX) * 3;
    const to = ((y - window.y) * window.widthPx + x0 - window.x) * 3;
    window.data.set(tiles.subarray(from, from + (x1 - x0) * 3), to);
  }
}

/** A request in a level's own px. */
export interface Sampling {
  readonly x: number;
  readonly y: number;
  readonly step: number;
}

export function samplingOn(level: TileLevel, request: { x: number; y: number; downsample: number }): Sampling {
  return {
    x: snap(request.x / level.downsample),
    y: snap(request.y / level.downsample),
    step: snap(request.downsample / level.downsample),
  };
}

/** The level px that an output of this size touches. */
export function boxUnder(sampling: Sampling, widthPx: number, heightPx: number): LevelBox {
  const across = sourceSpan(sampling.x, sampling.step, widthPx);
  const down = sourceSpan(sampling.y, sampling.step, heightPx);
  return { x: across.from, y: down.from, widthPx: across.to - across.from, heightPx: down.to - down.from };
}

/** Reads a region from one level in steps of bounded size. Throws `region/size`, `slide/damaged-tile`. */
export async function readRegion(level: TileLevel, request: RegionRequest, onStep?: OnStep): Promise<RgbImage> {
  const { widthPx, heightPx } = request;
  checkRequest(request);
  const sampling = samplingOn(level, request);
  const side = Math.max(1, Math.floor(stepSidePx / sampling.step));
  const data = new Uint8Array(widthPx * heightPx * 3);
  for (let top = 0; top < heightPx; top += side) {
    for (let left = 0; left < widthPx; left += side) {
      const target: Target = {
        data,
        rowPx: widthPx,
        left,
        top,
        widthPx: Math.min(side, widthPx - left),
        heightPx: Math.min(side, heightPx - top),
      };
      const part = {
        ...sampling,
        x: snap(sampling.x + left * sampling.step),
        y: snap(sampling.y + top * sampling.step),
      };
      const [window] = await readWindows(level, [boxUnder(part, target.widthPx, target.heightPx)]);
      resample(window!, part.x, part.y, part.step, part.step, target);
      onStep?.();
    }
  }
  return { data, widthPx, heightPx };
}

export function checkRequest({ x, y, widthPx, heightPx, downsample }: RegionRequest): void {
  const whole = Number.isInteger(widthPx) && Number.isInteger(heightPx) && widthPx > 0 && heightPx > 0;
  const finite =
    Math.abs(x) < 2 ** 40 && Math.abs(y) < 2 ** 40 && downsample >= finestDownsample && downsample < 2 ** 31;
  if (!whole || !finite || widthPx * heightPx > mostPixels)
    throw new EosinError(
      'region/size',
      'usage',
      `A region of ${widthPx} x ${heightPx} px at downsample ${downsample} cannot be read.`,
      {
        remedy: `Ask for whole, positive sizes of at most ${mostPixels / 1e6} million px.`,
        fields: { widthPx, heightPx, downsample },
      },
    );
}

/** Boxes in groups that share the decoding of a bounded number of tiles, neighbours together. */
export function* groupBoxes<T extends { box: LevelBox }>(level: TileLevel, items: readonly T[]): Generator<T[]> {
  let group: T[] = [];
  let tiles = new Set<number>();
  const mostTiles = Math.max(1, Math.floor(stepPixels / (level.tileWidthPx * level.tileHeightPx)));
  for (const item of items) {
    const own = [...tilesUnder(level, item.box)];
    const together = new Set([...tiles, ...own]);
    if (group.length > 0 && together.size > mostTiles) {
      yield group;
      group = [];
      tiles = new Set(own);
    } else tiles = together;
    group.push(item);
  }
  if (group.length > 0) yield group;
}
