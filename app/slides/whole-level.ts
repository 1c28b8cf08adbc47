/** A level that is one picture without tiles: decoded as a whole when it is first needed, and kept. */
import type { RgbImage } from '../core/slide.ts';
import type { TileLevel } from './tile-level.ts';

const tilePx = 512;

/** `read` gives a picture of the level's size. */
export function createWholeLevel(
  { widthPx, heightPx, downsample }: { widthPx: number; heightPx: number; downsample: number },
  read: () => Promise<RgbImage>,
): TileLevel {
  const columns = Math.ceil(widthPx / tilePx);
  const tileBytes = tilePx * tilePx * 3;
  let reading: Promise<RgbImage> | null = null;
  const picture = async (): Promise<RgbImage> => {
    reading ??= read();
    try {
      return await reading;
    } catch (thrown) {
      reading = null;
      throw thrown;
    }
  };
  return {
    widthPx,
    heightPx,
    downsample,
    tileWidthPx: tilePx,
    tileHeightPx: tilePx,
    columns,
    rows: Math.ceil(heightPx / tilePx),
    compression: 'jpeg',
    async decodeTiles(indexes) {
      const { data } = await picture();
      const all = new Uint8Array(tileBytes * indexes.length).fill(255);
      for (const [place, index] of indexes.entries()) {
        const left = (index % columns) * tilePx;
        const top = Math.floor(index / columns) * tilePx;
        const bytes = Math.min(tilePx, widthPx - left) * 3;
        for (let y = 0; y < Math.min(tilePx, heightPx - top); y++) {
          const from = ((top + y) * widthPx + left) * 3;
          all.set(data.subarray(from, from + bytes), place * tileBytes + y * tilePx * 3);
        }
      }
      return all;
    },
    storedTile: () => Promise.resolve(null),
  };
}
