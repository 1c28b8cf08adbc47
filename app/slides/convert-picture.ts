/** Converts a plain picture into a pyramid of tiles, without loss, in strips: memory stays small whatever the picture's size. */
import { realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { PyramidLevel } from '../core/pyramid.ts';
import { streamRgb } from './image-codec.ts';
import { startPart } from './part-file.ts';
import { readPosition } from './read-position.ts';
import type { OnStep } from './slide.ts';
import { damagedPicture, fileError } from './slide-errors.ts';

export const pyramidTilePx = 256;
/** libvips does not tell how far it is; that the file grows says that it goes on, and its place in the picture how far it is. */
const lookEveryMs = 100;

/** The levels that `convertPicture` writes: halved and rounded down until one tile holds all, or one px is left on a side. */
export function planPyramid(widthPx: number, heightPx: number): PyramidLevel[] {
  const levels: PyramidLevel[] = [];
  for (let [width, height, downsample] = [widthPx, heightPx, 1]; ; downsample *= 2) {
    levels.push({ widthPx: width, heightPx: height, downsample });
    if (Math.max(width, height) <= pyramidTilePx || Math.min(width, height) === 1) return levels;
    [width, height] = [Math.floor(width / 2), Math.floor(height / 2)];
  }
}

/**
 * Writes the pyramid; it appears whole or not at all. `onStep` is called while it grows, with bytes read of the picture where it is read
 * in strips and the system tells. Throws `slide/damaged-picture`, `disk/full`.
 */
export async function convertPicture(
  { from, strict, most, inStrips }: { from: string; strict: boolean; most: number; inStrips: boolean },
  path: string,
  onStep?: OnStep,
): Promise<void> {
  const part = await startPart(path);
  const picture = { path: await realpath(from), bytes: (await stat(from)).size };
  let bytes = 0;
  let done = 0;
  const looking = setInterval(async () => {
    const { size } = await stat(part.path).catch(() => ({ size: 0 }));
    if (size <= bytes) return;
    bytes = size;
    // The picture is closed before the last levels are written.
    if (inStrips) done = Math.max(done, (await readPosition(picture.path)) ?? 0);
    onStep?.(done > 0 ? { done: Math.min(done, picture.bytes), total: picture.bytes } : undefined);
  }, lookEveryMs);
  try {
    await streamRgb(from, { strict, most })
      .tiff({
        tile: true,
        tileWidth: pyramidTilePx,
        tileHeight: pyramidTilePx,
        pyramid: true,
        bigtiff: true,
        compression: 'deflate',
        predictor: 'horizontal',
      })
      .toFile(part.path);
    await part.finish();
  } catch (thrown) {
    await part.discard();
    if (thrown instanceof Error && /no space left|quota exceeded/i.test(thrown.message))
      throw fileError(Object.assign(new Error(thrown.message), { code: 'ENOSPC' }), basename(path));
    throw damagedPicture({ file: basename(from) }, thrown);
  } finally {
    clearInterval(looking);
  }
}
