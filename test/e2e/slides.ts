/** Two small slides for the tests of the window: one that says its pixel size, one that does not. */

import path from 'node:path';
import { type Field, type Painter, writeSlide } from '../fixtures/tiff-writer.ts';

/** Tissue-like blobs on glass: something to look at, and something for the tissue mask. */
const tissue: Painter = (x, y) => {
  const inside = Math.hypot((x - 1024) / 800, (y - 768) / 560) < 1;
  if (!inside) return [244, 242, 246];
  const nucleus = Math.hypot((x % 48) - 24, (y % 48) - 24) < 9;
  return nucleus ? [96, 60, 150] : [226, 150 + ((x + y) % 24), 190];
};

/** 0.5 µm a pixel: 20,000 px a cm. */
export const halfMicron: readonly Field[] = [
  { tag: 282, type: 5, values: [20_000, 1] },
  { tag: 283, type: 5, values: [20_000, 1] },
  { tag: 296, type: 3, values: [3] },
];

export async function writeTestSlides(folder: string): Promise<void> {
  const level = { widthPx: 2048, heightPx: 1536, tilePx: 256, compression: 'deflate', paint: tissue } as const;
  const coarse = (x: number, y: number): readonly [number, number, number] => tissue(x * 4, y * 4);
  const overview = { widthPx: 512, heightPx: 384, tilePx: 256, compression: 'deflate', paint: coarse } as const;
  await writeSlide(path.join(folder, 'half-micron.tiff'), [{ ...level, fields: halfMicron }, overview]);
  await writeSlide(path.join(folder, 'no-size.tiff'), [level, overview]);
}
