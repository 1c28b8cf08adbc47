/**
 * Tiles that an Aperio slide leaves out, drawn from the finer level, as OpenSlide does it:
 *
 *     level 0    | a | b |   | d |      the third is left out: white
 *     level 1    |   x   |   y   |      y was made from it and may be garbage: drawn again from level 0
 *     level 2    |       z       |      and so on up
 */
import { readRegion } from './region-reader.ts';
import type { TileLevel } from './tile-level.ts';

/** The same levels, finest first; those without holes as they are. */
export function fillHoles(stored: readonly TileLevel[]): TileLevel[] {
  const filled: TileLevel[] = [];
  let holes: ReadonlySet<number> = new Set();
  for (const level of stored) {
    const finer = filled.at(-1);
    const own = new Set(level.missing);
    if (finer) for (const index of holes) own.add(coveringTile(finer, index, level));
    filled.push(finer && own.size > 0 ? fillLevel(level, finer, own) : level);
    holes = own;
  }
  return filled;
}

/** The tile of `level` over the middle of a tile of the finer one. */
function coveringTile(finer: TileLevel, index: number, level: TileLevel): number {
  const scale = finer.downsample / level.downsample;
  const x = ((index % finer.columns) + 0.5) * finer.tileWidthPx * scale;
  const y = (Math.floor(index / finer.columns) + 0.5) * finer.tileHeightPx * scale;
  const column = Math.min(level.columns - 1, Math.floor(x / level.tileWidthPx));
  const row = Math.min(level.rows - 1, Math.floor(y / level.tileHeightPx));
  return row * level.columns + column;
}

function fillLevel(level: TileLevel, finer: TileLevel, holes: ReadonlySet<number>): TileLevel {
  const { tileWidthPx, tileHeightPx, columns, downsample } = level;
  const tileBytes = tileWidthPx * tileHeightPx * 3;
  const draw = async (index: number): Promise<Uint8Array> => {
    const x = (index % columns) * tileWidthPx * downsample;
    const y = Math.floor(index / columns) * tileHeightPx * downsample;
    return (await readRegion(finer, { x, y, widthPx: tileWidthPx, heightPx: tileHeightPx, downsample })).data;
  };
  return {
    ...level,
    async decodeTiles(indexes) {
      if (!indexes.some((index) => holes.has(index))) return level.decodeTiles(indexes);
      const whole = indexes.filter((index) => !holes.has(index));
      const decoded = whole.length > 0 ? await level.decodeTiles(whole) : new Uint8Array(0);
      const all = new Uint8Array(tileBytes * indexes.length);
      for (const [place, index] of indexes.entries()) {
        const from = whole.indexOf(index) * tileBytes;
        const tile = holes.has(index) ? await draw(index) : decoded.subarray(from, from + tileBytes);
        all.set(tile, place * tileBytes);
      }
      return all;
    },
    storedTile: async (column, row) => (holes.has(row * columns + column) ? null : level.storedTile(column, row)),
  };
}
