import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSlide } from '../../app/slides/open-slide.ts';
import { trimCache } from '../../app/slides/pyramid-cache.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { writeSlide } from '../fixtures/tiff-writer.ts';

const hour = 3600;

/** A file of the cache that was used so many hours ago. */
function put(cache: string, folder: 'overviews' | 'pictures', name: string, bytes: number, hoursAgo: number): void {
  mkdirSync(join(cache, folder), { recursive: true });
  const path = join(cache, folder, name);
  writeFileSync(path, '');
  truncateSync(path, bytes);
  const used = Date.now() / 1000 - hoursAgo * hour;
  utimesSync(path, used, used);
}

const names = (cache: string): string[] =>
  ['overviews', 'pictures'].flatMap((folder) => readdirSync(join(cache, folder))).sort();

test('beyond the cap those go that were not used for longest; what is in use and what is no pyramid stays', async (t) => {
  const cache = tempFolder(t);
  put(cache, 'overviews', 'oldest.tif', 100, 9);
  put(cache, 'pictures', 'old.tif', 100, 8);
  put(cache, 'overviews', 'young.tif', 100, 2);
  put(cache, 'pictures', 'in-use.tif', 500, 0);
  put(cache, 'pictures', 'being-written.tif.7-a.part', 500, 9);
  await trimCache(cache, 800);
  assert.equal(names(cache).length, 5, 'below the cap nothing goes');
  await trimCache(cache, 650);
  assert.deepEqual(names(cache), ['being-written.tif.7-a.part', 'in-use.tif', 'young.tif']);
  await trimCache(cache, 10);
  assert.deepEqual(names(cache), ['being-written.tif.7-a.part', 'in-use.tif']);
  await trimCache(join(cache, 'not there'), 10);
});

test('to open a cached pyramid is to use it, and one that was deleted is made again', async (t) => {
  const folder = tempFolder(t);
  const cacheFolder = join(folder, 'cache');
  const path = join(folder, 'slide.tif');
  await writeSlide(path, [{ widthPx: 1500, heightPx: 1100, compression: 'lzw' }]);
  const steps: { done: number; total: number }[] = [];
  const read = async (): Promise<Buffer> => {
    const slide = await openSlide(path, { cacheFolder });
    await slide.makeLevels((progress) => progress && steps.push(progress));
    const { bytes } = await slide.tile(1, 0, 0);
    await slide.close();
    return Buffer.from(bytes);
  };
  const first = await read();
  assert.ok(steps.length > 0);
  assert.equal(steps.at(-1)!.done, steps.at(-1)!.total);
  const [name] = readdirSync(join(cacheFolder, 'overviews'));
  const file = join(cacheFolder, 'overviews', name!);
  utimesSync(file, 1, 1);
  assert.deepEqual(await read(), first);
  assert.ok(Date.now() - statSync(file).mtimeMs < 60_000);
  utimesSync(file, 1, 1);
  await trimCache(cacheFolder, 0);
  assert.deepEqual(readdirSync(join(cacheFolder, 'overviews')), []);
  assert.deepEqual(await read(), first);
});
