import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { saveCopyWithoutNames } from '../../app/slides/deidentify/save-copy.ts';
import { createSlidePool } from '../../app/slides/slide-pool.ts';
import { startProcess } from '../../main/start-process.ts';
import { makeNamedDicom, makeNamedSlides } from '../fixtures/named-slides.ts';
import { sparseSlide } from '../fixtures/sparse-slide.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { type Field, levelDirectory, writeTiff } from '../fixtures/tiff-writer.ts';

const cacheFolder = mkdtempSync(join(tmpdir(), 'eosin-test-'));
const pool = createSlidePool({ startProcess, processes: 1, deadlineMs: 30_000, cacheFolder });
after(async () => {
  await pool.close();
  rmSync(cacheFolder, { recursive: true });
});

const nobody = { user: 'somebody' };

test('the copy appears under its name, and nothing else does', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'a.svs');
  writeFileSync(path, (await makeNamedSlides())['aperio.svs']!.bytes);
  const progress: number[] = [];
  const out = join(folder, 'new folder', 'clean.svs');
  const report = await saveCopyWithoutNames(pool, { slide: path, out, ...nobody }, ({ done, total }) =>
    progress.push(done / total),
  );
  assert.equal(report.format, 'svs');
  assert.deepEqual(readdirSync(join(folder, 'new folder')), ['clean.svs']);
  assert.equal((await pool.describe(out)).objective, 20);
});

test('a folder for a folder', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'slide');
  mkdirSync(path);
  for (const [name, bytes] of Object.entries((await makeNamedDicom()).files)) writeFileSync(join(path, name), bytes);
  await saveCopyWithoutNames(pool, { slide: path, out: join(folder, 'clean'), ...nobody }, () => {});
  assert.deepEqual(readdirSync(folder).sort(), ['clean', 'slide']);
  assert.deepEqual(readdirSync(join(folder, 'clean')).sort(), ['level-1.dcm', 'level-2.dcm', 'level-3.dcm']);
  const inside = saveCopyWithoutNames(pool, { slide: path, out: join(path, 'clean'), ...nobody }, () => {});
  await assert.rejects(inside, { code: 'deidentify/inside' });
  assert.equal(readdirSync(path).length, 4);
});

test('what is there already stays as it is: the slide itself, another file', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'a.tif');
  const { bytes } = (await makeNamedSlides())['generic.tif']!;
  writeFileSync(path, bytes);
  writeFileSync(join(folder, 'other.tif'), 'other');
  for (const name of ['a.tif', 'other.tif'])
    await assert.rejects(
      saveCopyWithoutNames(pool, { slide: path, out: join(folder, name), ...nobody }, () => {}),
      {
        code: 'deidentify/exists',
      },
    );
  assert.ok(readFileSync(path).equals(bytes));
  assert.equal(readFileSync(join(folder, 'other.tif'), 'utf8'), 'other');
  assert.equal(readdirSync(folder).length, 2);
});

test('a copy that still holds a value is deleted, and the error names the tag, not the value', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'a.tif');
  const artist: Field = { tag: 315, type: 2, values: 'Zq Canary' };
  const directory = await levelDirectory({ widthPx: 64, heightPx: 64, fields: [artist] });
  // As a pixel's bytes: nothing but a search of all of them can know.
  Buffer.from(directory.pieces[0]!.buffer, directory.pieces[0]!.byteOffset).write('Zq Canary', 5000);
  writeFileSync(path, writeTiff([directory]));
  const saving = saveCopyWithoutNames(pool, { slide: path, out: join(folder, 'clean.tif'), ...nobody }, () => {});
  await assert.rejects(saving, (thrown: { code: string; message: string }) => {
    assert.equal(thrown.code, 'deidentify/not-clean');
    assert.match(thrown.message, /Artist/);
    assert.doesNotMatch(thrown.message, /Canary/);
    return true;
  });
  assert.deepEqual(readdirSync(folder), ['a.tif']);
});

test('a cancel in the middle of gigabytes leaves nothing, and the pool works on', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'large.tif');
  sparseSlide(path, 3e9);
  const cancel = new AbortController();
  const saving = saveCopyWithoutNames(
    pool,
    { slide: path, out: join(folder, 'clean.tif'), ...nobody },
    () => cancel.abort(),
    cancel.signal,
  );
  await assert.rejects(saving, { name: 'AbortError' });
  assert.deepEqual(readdirSync(folder), ['large.tif']);
  assert.equal((await pool.describe(path)).format, 'tiff');
});
