/**
 * A level whose colours lie in planes of their own, as Bio-Formats may write RGB:
 *
 *     tiles of red | tiles of green | tiles of blue        one table of pieces, a third for each
 *
 * Each plane is decoded as a grey picture, and the three are put together.
 */
import type { TiffDirectory } from './tiff-directory.ts';
import type { TileLevel } from './tile-level.ts';

const rgb = 2;

/** The planes as grey directories; the directory itself where its colours are not in planes of RGB. */
export function planesOf(directory: TiffDirectory): TiffDirectory[] {
  const { planar, samples, photometric, pieces } = directory;
  if (planar !== 2 || samples !== 3 || photometric !== rgb) return [directory];
  const tiles = pieces.offsets.length / samples;
  return [0, 1, 2].map((plane) => ({
    ...directory,
    planar: 1,
    samples: 1,
    photometric: 1,
    pieces: {
      offsets: pieces.offsets.subarray(plane * tiles, (plane + 1) * tiles),
      byteCounts: pieces.byteCounts.subarray(plane * tiles, (plane + 1) * tiles),
    },
  }));
}

/** `planes` are the levels of red, green and blue, alike but for their pixels. */
export function createPlanarLevel(planes: readonly TileLevel[]): TileLevel {
  return {
    ...planes[0]!,
    async decodeTiles(indexes) {
      const [red, green, blue] = await Promise.all(planes.map((plane) => plane.decodeTiles(indexes)));
      // Each is grey as RGB already: red keeps its first values, and the others' are written over its second and third.
      const all = red!;
      for (let i = 0; i < all.length; i += 3) {
        all[i + 1] = green![i + 1]!;
        all[i + 2] = blue![i + 2]!;
      }
      return all;
    },
    storedTile: () => Promise.resolve(null),
  };
}
