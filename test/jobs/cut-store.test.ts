import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { EosinError } from '../../app/core/errors.ts';
import { cutPatchStore, decodePictureStore } from '../../app/jobs/cut-store.ts';
import { assertNoDuplicatePictures } from '../../app/jobs/duplicate-check.ts';
import type { PatchStoreRef } from '../../app/jobs/job-spec.ts';
import { patchOffset, patchStoreLayout } from '../../app/patches/patch-store-format.ts';
import type { SlidePool } from '../../app/slides/slide-pool.ts';
import { glassPx, tissuePainter, tissueSize, writeTissueSlide } from '../fixtures/tissue-slide.ts';
import { testPool } from './fixtures/labelled-project.ts';

const sizePx = 32;
const contextPx = 8;
let folder = '';
let slide = '';
let pool: SlidePool;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'eosin-cut-'));
  slide = join(folder, 'a.tif');
  await writeTissueSlide(slide);
  pool = testPool(join(folder, 'cache'));
});
after(async () => {
  await pool.close();
  rmSync(folder, { recursive: true, force: true });
});

const never = (): AbortSignal => new AbortController().signal;
const storeOf = (name: string, count: number, margin = contextPx): PatchStoreRef => ({
  file: join(folder, name),
  count,
  sizePx,
  contextPx: margin,
});

/** A grid over the tissue with room for the margin, in shuffled places of the store. */
function gridPatches(): { x: number; y: number; index: number }[] {
  const patches: { x: number; y: number; index: number }[] = [];
  for (let y = glassPx + contextPx; y + sizePx + contextPx <= tissueSize.heightPx; y += sizePx)
    for (let x = contextPx; x + sizePx + contextPx <= tissueSize.widthPx; x += sizePx)
      patches.push({ x, y, index: patches.length });
  const count = patches.length;
  return patches.map((patch) => ({ ...patch, index: (patch.index * 61) % count }));
}

test('every patch stands at its index with its margin, pixel by pixel; progress counts to the end', async () => {
  const patches = gridPatches();
  assert.ok(patches.length > 128 && patches.length % 61 !== 0, 'several calls, and a true shuffle');
  const store = storeOf('grid.raw', patches.length);
  const seen: number[] = [];
  await cutPatchStore(
    pool,
    store,
    [{ slide: { path: slide }, downsample: 1, patches }],
    2,
    (done) => seen.push(done),
    never(),
  );
  assert.equal(seen.at(-1), patches.length);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  const layout = patchStoreLayout(store);
  const bytes = readFileSync(store.file);
  assert.equal(bytes.length, layout.bytes);
  const paint = tissuePainter('a');
  for (const { x, y, index } of patches) {
    const expected = Buffer.alloc(layout.bytesPerPatch);
    let at = 0;
    for (let j = -contextPx; j < sizePx + contextPx; j++)
      for (let i = -contextPx; i < sizePx + contextPx; i++)
        for (const value of paint(x + i, y + j)) expected[at++] = value;
    const start = patchOffset(layout, index);
    assert.ok(bytes.subarray(start, start + layout.bytesPerPatch).equals(expected), `patch ${index} at ${x}, ${y}`);
  }
});

test('the first slide that fails ends the cut; what waits in line is not cut any more', async () => {
  const broken = join(folder, 'broken.tif');
  writeFileSync(broken, readFileSync(slide).subarray(0, 5000));
  const patches = gridPatches();
  let done = 0;
  const cut = cutPatchStore(
    pool,
    storeOf('broken.raw', patches.length * 2),
    [
      { slide: { path: broken }, downsample: 1, patches },
      { slide: { path: slide }, downsample: 1, patches },
    ],
    1,
    (now) => {
      done = now;
    },
    never(),
  );
  await assert.rejects(cut, (error) => error instanceof EosinError && error.code.startsWith('slide/'));
  assert.equal(done, 0);
});

test('a cancel ends the cut as a cancel', async () => {
  const cancel = new AbortController();
  const patches = gridPatches();
  const cut = cutPatchStore(
    pool,
    storeOf('cancelled.raw', patches.length),
    [{ slide: { path: slide }, downsample: 1, patches }],
    1,
    () => cancel.abort(),
    cancel.signal,
  );
  await assert.rejects(cut, { name: 'AbortError' });
});

test('pictures are decoded to their index; others are resized to the square', async () => {
  const pictures: { path: string; index: number }[] = [];
  const colours = [
    [200, 10, 30],
    [20, 180, 40],
    [30, 20, 220],
  ] as const;
  for (const [i, [r, g, b]] of colours.entries()) {
    const path = join(folder, `${i}.png`);
    const side = i === 2 ? 50 : sizePx;
    const create = { width: side, height: side, channels: 3 as const, background: { r, g, b } };
    await sharp({ create }).png().toFile(path);
    pictures.push({ path, index: 2 - i });
  }
  const store = storeOf('pictures.raw', 3, 0);
  await decodePictureStore(pool, store, { pictures, colour: 'stored' }, 2, () => undefined, never());
  const bytes = readFileSync(store.file);
  assert.equal(bytes.length, 3 * sizePx * sizePx * 3);
  for (const [i, colour] of colours.entries()) {
    const start = (2 - i) * sizePx * sizePx * 3;
    assert.deepEqual([...bytes.subarray(start, start + 3)], [...colour]);
  }
});

test('the same picture in two parts is refused; in one part, or of one colour, it is no leak', async () => {
  const place = { x: 64, y: 128 };
  const glass = { x: 64, y: 16 };
  const places = [place, place, glass, glass];
  const store = storeOf('twins.raw', places.length, 0);
  const patches = places.map((at, index) => ({ ...at, index }));
  await cutPatchStore(pool, store, [{ slide: { path: slide }, downsample: 1, patches }], 1, () => undefined, never());
  const planned = (parts: readonly ('train' | 'validation')[]) =>
    parts.map((part, index) => ({ index, part, classIndex: 0, patient: `p${index}`, region: 'r' }));
  await assertNoDuplicatePictures(store, planned(['train', 'train', 'train', 'validation']));
  await assert.rejects(assertNoDuplicatePictures(store, planned(['train', 'validation', 'train', 'train'])), {
    code: 'split/duplicate',
  });
});
