/**
 * Pyramids that Eosin made: overview levels and converted pictures, as files of the cache.
 *
 *     cache/overviews/FINGERPRINT-1.tif      cache/pictures/FINGERPRINT-1.tif      modified = used last
 *
 * One that is there and is the one planned is opened, any other is made anew. All of it may be deleted at any time; beyond the cap those
 * go that were not used for longest.
 */
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PyramidLevel } from '../core/pyramid.ts';
import { openBytes } from './byte-source.ts';
import { badStructure } from './slide-errors.ts';
import { checkStructure } from './structure-check.ts';
import { readDirectories } from './tiff-directory.ts';
import { createTileLevel, type TileLevel } from './tile-level.ts';

export interface CachedPyramid {
  /** In the order of the plan. */
  readonly levels: readonly TileLevel[];
  close(): Promise<void>;
}

export const cacheCapBytes = 20e9;
/** A file in use says so this often; one that was used within `inUseMs` is never deleted. */
const sayEveryMs = 600_000;
const inUseMs = 1_800_000;

/** Opens the pyramid at `path`; `make` writes it when it is missing, damaged or another one. Throws what `make` throws. */
export async function openCachedPyramid(
  path: string,
  plan: readonly PyramidLevel[],
  make: () => Promise<void>,
  capBytes = cacheCapBytes,
): Promise<CachedPyramid> {
  const cached = await tryPyramid(path, plan).catch(() => null);
  if (cached) return cached;
  await make();
  await trimCache(dirname(dirname(path)), capBytes);
  const made = await tryPyramid(path, plan);
  if (!made) throw badStructure('it is not as large as it says', { levels: plan.length });
  return made;
}

/** Null when the file is not the one planned. */
async function tryPyramid(path: string, plan: readonly PyramidLevel[]): Promise<CachedPyramid | null> {
  const source = await openBytes(path);
  try {
    const directories = await readDirectories(source, await checkStructure(source));
    const fits =
      directories.length === plan.length &&
      plan.every(
        ({ widthPx, heightPx }, i) => directories[i]!.widthPx === widthPx && directories[i]!.heightPx === heightPx,
      );
    if (!fits) {
      await source.close();
      return null;
    }
    const use = sayWhenUsed(path);
    const levels = plan.map(({ downsample }, i): TileLevel => {
      const level = createTileLevel(source, directories[i]!, downsample);
      return {
        ...level,
        async decodeTiles(indexes) {
          await use();
          return level.decodeTiles(indexes);
        },
      };
    });
    await use();
    return { levels, close: () => source.close() };
  } catch (thrown) {
    await source.close();
    throw thrown;
  }
}

/** Sets the file's time, now and then; that this fails costs the file its place in the order only. */
function sayWhenUsed(path: string): () => Promise<void> {
  let saidAt = Number.NEGATIVE_INFINITY;
  return async () => {
    const now = Date.now();
    if (now - saidAt < sayEveryMs) return;
    saidAt = now;
    await utimes(path, new Date(now), new Date(now)).catch(() => undefined);
  };
}

/** Deletes those that were not used for longest, until all together have at most `capBytes`; what is in use stays. */
export async function trimCache(cacheFolder: string, capBytes: number): Promise<void> {
  const files: { path: string; bytes: number; usedMs: number }[] = [];
  for (const folder of ['overviews', 'pictures']) {
    const names = await readdir(join(cacheFolder, folder)).catch(() => []);
    for (const name of names.filter((one) => one.endsWith('.tif'))) {
      const path = join(cacheFolder, folder, name);
      const found = await stat(path).catch(() => null);
      if (found) files.push({ path, bytes: found.size, usedMs: found.mtimeMs });
    }
  }
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const unused = files.filter(({ usedMs }) => Date.now() - usedMs > inUseMs).sort((a, b) => a.usedMs - b.usedMs);
  for (const { path, bytes } of unused) {
    if (total <= capBytes) return;
    // On Windows a file that is open elsewhere may stay: then the next one goes.
    const gone = await rm(path, { force: true }).then(
      () => true,
      () => false,
    );
    if (gone) total -= bytes;
  }
}
