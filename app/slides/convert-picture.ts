/** Converts a plain picture into a pyramid of tiles, without loss, in strips: memory stays small whatever the picture's size. */
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { PyramidLevel } from '../core/pyramid.ts';
import { streamRgb } from './image-codec.ts';
import type { OnStep } from './slide.ts';
import { damagedPicture, fileError } from './slide-errors.ts';
import { removeLeftovers } from './tiled-tiff-writer.ts';

export const pyramidTilePx = 256;
/** libvips does not tell how far it is; that the file grows says that it goes on. */
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
 * Writes the pyramid; it appears whole or not at all. `onStep` is called while it grows. Throws `slide/damaged-picture`, `disk/full`.
 */
export async function convertPicture(
  { from, strict, most }: { from: string; strict: boolean; most: number },
  path: string,
  onStep?: OnStep,
): Promise<void> {
  const temporary = `${path}.${process.pid}-${performance.now().toString(36).replace('.', '')}.part`;
  const inWords = (thrown: unknown): never => {
    throw fileError(thrown, basename(path));
  };
  await mkdir(dirname(path), { recursive: true }).catch(inWords);
  await removeLeftovers(dirname(path));
  let bytes = 0;
  const looking = setInterval(async () => {
    const { size } = await stat(temporary).catch(() => ({ size: 0 }));
    if (size > bytes) onStep?.();
    bytes = size;
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
      .toFile(temporary);
    await rename(temporary, path).catch(inWords);
  } catch (thrown) {
    await rm(temporary, { force: true });
    if (thrown instanceof Error && /no space left|quota exceeded/i.test(thrown.message))
      throw fileError(Object.assign(new Error(thrown.message), { code: 'ENOSPC' }), basename(path));
    throw damagedPicture({ file: basename(from) }, thrown);
  } finally {
    clearInterval(looking);
  }
}
