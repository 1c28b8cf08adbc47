/**
 * A level on which regions lie that were scanned apart, each with tiles of its own; between them is glass.
 *
 *     +-----------------------+     the level, in tiles of the first region's size
 *     |  +----+               |
 *     |  | A  |    +-------+  |     a tile of the level is put together from the tiles of every region under it;
 *     |  +----+    |   B   |  |     where regions overlap, the later one is seen
 *     |            +-------+  |
 *     +-----------------------+
 */
import { type LevelBox, readWindows } from './region-reader.ts';
import type { TileLevel } from './tile-level.ts';

/** A region; its top left corner in px of the level, which may lie outside of it. */
export interface PlacedPart {
  readonly level: TileLevel;
  readonly x: number;
  readonly y: number;
}

interface Size {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly downsample: number;
}

/** `parts` must not be empty. */
export function createPlacedLevel({ widthPx, heightPx, downsample }: Size, parts: readonly PlacedPart[]): TileLevel {
  const { tileWidthPx, tileHeightPx, compression } = parts[0]!.level;
  const columns = Math.ceil(widthPx / tileWidthPx);
  const rows = Math.ceil(heightPx / tileHeightPx);
  const tileBytes = tileWidthPx * tileHeightPx * 3;
  return {
    widthPx,
    heightPx,
    downsample,
    tileWidthPx,
    tileHeightPx,
    columns,
    rows,
    compression,
    async decodeTiles(indexes) {
      const all = new Uint8Array(tileBytes * indexes.length).fill(255);
      const corners = indexes.map((index) => ({
        x: (index % columns) * tileWidthPx,
        y: Math.floor(index / columns) * tileHeightPx,
      }));
      for (const part of parts) {
        const under = corners.flatMap(({ x, y }, place) => {
          const box = overlap(part, { x: x - part.x, y: y - part.y, widthPx: tileWidthPx, heightPx: tileHeightPx });
          return box ? [{ box, place, left: box.x + part.x - x, top: box.y + part.y - y }] : [];
        });
        if (under.length === 0) continue;
        const windows = await readWindows(
          part.level,
          under.map(({ box }) => box),
        );
        for (const [i, { box, place, left, top }] of under.entries())
          for (let row = 0; row < box.heightPx; row++)
            all.set(
              windows[i]!.data.subarray(row * box.widthPx * 3, (row + 1) * box.widthPx * 3),
              place * tileBytes + ((top + row) * tileWidthPx + left) * 3,
            );
      }
      return all;
    },
    // What is stored is shifted against the level's tiles.
    storedTile: () => Promise.resolve(null),
  };
}

/** What of the box lies on the part, in the part's px; null when nothing does. */
function overlap({ level }: PlacedPart, box: LevelBox): LevelBox | null {
  const x = Math.max(0, box.x);
  const y = Math.max(0, box.y);
  const widthPx = Math.min(level.widthPx, box.x + box.widthPx) - x;
  const heightPx = Math.min(level.heightPx, box.y + box.heightPx) - y;
  return widthPx > 0 && heightPx > 0 ? { x, y, widthPx, heightPx } : null;
}
