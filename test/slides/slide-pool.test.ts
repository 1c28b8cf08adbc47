import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import type { WorkerProcess } from '../../app/core/worker-process.ts';
import { decodeRgb } from '../../app/slides/image-codec.ts';
import { createSlidePool, type SlidePool, type SlidePoolOptions } from '../../app/slides/slide-pool.ts';
import { startProcess } from '../../main/start-process.ts';
import { writeHangingSlide } from '../fixtures/hanging-slide.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { levelDirectory, writeSlide, writeTiff } from '../fixtures/tiff-writer.ts';

interface Bench {
  readonly folder: string;
  readonly pool: SlidePool;
  /** Every decode process that was started, in order. */
  readonly started: WorkerProcess[];
  /** Resolves when process number `n` has come up. */
  ready(n: number): Promise<void>;
}

function createBench(t: TestContext, options: Partial<SlidePoolOptions> = {}): Bench {
  const folder = tempFolder(t);
  const cacheFolder = join(folder, 'cache');
  mkdirSync(cacheFolder);
  const started: WorkerProcess[] = [];
  const up: PromiseWithResolvers<void>[] = [];
  const upOf = (n: number) => {
    up[n] ??= Promise.withResolvers<void>();
    return up[n];
  };
  const pool = createSlidePool({
    startProcess(entry, options) {
      const process = startProcess(entry, options);
      const { resolve } = upOf(started.push(process) - 1);
      process.onMessage(() => resolve());
      return process;
    },
    processes: 2,
    deadlineMs: 30_000,
    cacheFolder,
    ...options,
  });
  t.after(() => pool.close());
  return { folder, pool, started, ready: (n) => upOf(n).promise };
}

const size = { widthPx: 300, heightPx: 210 };

async function writeSmall(folder: string): Promise<string> {
  const path = join(folder, 'small.tif');
  await writeSlide(path, [{ ...size, compression: 'lzw' }]);
  return path;
}

test('every kind of call, through processes', async (t) => {
  const { folder, pool, started } = createBench(t);
  const path = await writeSmall(folder);
  const info = await pool.describe(path);
  assert.deepEqual([info.widthPx, info.heightPx, info.levels.length], [300, 210, 1]);
  const request = { x: 70, y: 30, widthPx: 90, heightPx: 80, downsample: 1 };
  const region = await pool.region(path, request);
  assert.deepEqual([...region.data.subarray(0, 3)], [70, 30, 0]);
  assert.equal(region.data.length, 90 * 80 * 3);
  const png = await decodeRgb(await pool.regionPng(path, request));
  assert.deepEqual(png, { ...region, data: png.data });
  assert.ok(Buffer.from(png.data).equals(region.data));
  const jpeg = await decodeRgb(await pool.regionJpeg(path, request, 80));
  assert.deepEqual([jpeg.widthPx, jpeg.heightPx], [90, 80]);
  const thumbnail = await decodeRgb(await pool.thumbnail(path, 100));
  assert.deepEqual([thumbnail.widthPx, thumbnail.heightPx], [100, 70]);
  const map = await pool.tissueMap(path);
  assert.equal(map.scores.length, map.widthPx * map.heightPx);
  assert.equal(map.pen.length, map.scores.length);
  assert.equal((await pool.tile(path, { level: 0, x: 1, y: 1 })).type, 'image/jpeg');
  assert.ok(started.length >= 1 && started.length <= 2);
});

test('a stored JPEG tile comes byte for byte as it lies in the file', async (t) => {
  const { folder, pool } = createBench(t);
  const path = join(folder, 'slide.tif');
  const directory = await levelDirectory({ ...size, compression: 'jpeg-with-tables' });
  writeFileSync(path, writeTiff([directory]));
  const { bytes, type } = await pool.tile(path, { level: 0, x: 2, y: 1 });
  assert.equal(type, 'image/jpeg');
  assert.ok(
    Buffer.from(bytes)
      .subarray(2)
      .includes(Buffer.from(directory.pieces[7]!.subarray(2))),
  );
  assert.equal((await decodeRgb(bytes)).widthPx, 64);
});

test('patches are cut straight into a file, each at its place, also across borders and scales', async (t) => {
  const { folder, pool } = createBench(t, { processes: 1 });
  const path = await writeSmall(folder);
  const file = join(folder, 'patches.rgb');
  const sizePx = 32;
  const bytes = sizePx * sizePx * 3;
  writeFileSync(file, Buffer.alloc(6 * bytes, 1));
  const corners = [
    [0, 0],
    [200, 150],
    [61, 61],
    [290, 200],
  ] as const;
  const patches = corners.map(([x, y], i) => ({ x, y, offset: (3 - i) * bytes }));
  await pool.cutPatches(path, { file, sizePx, downsample: 1, patches });
  const written = readFileSync(file);
  assert.equal(written.length, 6 * bytes);
  for (const { x, y, offset } of patches) {
    const region = await pool.region(path, { x, y, widthPx: sizePx, heightPx: sizePx, downsample: 1 });
    assert.ok(written.subarray(offset, offset + bytes).equals(region.data), `${x} ${y}`);
  }
  assert.ok(written.subarray(4 * bytes).every((value) => value === 1));
  await pool.cutPatches(path, { file, sizePx, downsample: 2.3, patches: [{ x: 12.5, y: 7, offset: 0 }] });
  const scaled = await pool.region(path, { x: 12.5, y: 7, widthPx: sizePx, heightPx: sizePx, downsample: 2.3 });
  assert.ok(readFileSync(file).subarray(0, bytes).equals(scaled.data));
});

test('patches of almost a stored scale are the stored px', async (t) => {
  const { folder, pool } = createBench(t, { processes: 1 });
  const path = await writeSmall(folder);
  const file = join(folder, 'patches.rgb');
  const sizePx = 100;
  const patches = [{ x: 100.2, y: 50.4, offset: 0 }];
  const request = { x: 100, y: 50, widthPx: sizePx, heightPx: sizePx, downsample: 1 };
  const stored = await pool.region(path, request);
  await pool.cutPatches(path, { file, sizePx, downsample: 0.5 / 0.499, patches });
  assert.ok(readFileSync(file).equals(stored.data));
  await pool.cutPatches(path, { file, sizePx, downsample: 1.02, patches });
  assert.ok(!readFileSync(file).equals(stored.data));
});

test('plain pictures become squares of RGB; a bad one is named', async (t) => {
  const { folder, pool } = createBench(t, { processes: 1 });
  const picture = (name: string) => join(folder, name);
  const create = { width: 20, height: 20, channels: 3 as const, background: { r: 200, g: 100, b: 50 } };
  await sharp({ create }).png().toFile(picture('same.png'));
  await sharp({ create: { ...create, width: 80, height: 60 } })
    .jpeg({ quality: 100 })
    .toFile(picture('larger.jpg'));
  await sharp({ create }).greyscale().png().toFile(picture('grey.png'));
  const file = picture('pictures.rgb');
  const bytes = 20 * 20 * 3;
  const pictures = ['same.png', 'larger.jpg', 'grey.png'].map((name, i) => ({
    path: picture(name),
    offset: i * bytes,
  }));
  await pool.decodePictures({ file, sizePx: 20, colour: 'stored', pictures });
  const written = readFileSync(file);
  assert.equal(written.length, 3 * bytes);
  assert.deepEqual([...written.subarray(0, 3)], [200, 100, 50]);
  assert.ok(Math.abs(written[bytes + 600]! - 200) <= 2 && Math.abs(written[bytes + 602]! - 50) <= 2);
  assert.equal(written[2 * bytes], written[2 * bytes + 1]);
  // Of a picture with a profile of its own: as it is stored, or through it.
  await sharp({ create }).withIccProfile('p3').png().toFile(picture('p3.png'));
  const [stored, through] = [picture('stored.rgb'), picture('through.rgb')];
  const one = { sizePx: 20, pictures: [{ path: picture('p3.png'), offset: 0 }] };
  await pool.decodePictures({ ...one, file: stored, colour: 'stored' });
  await pool.decodePictures({ ...one, file: through, colour: 'srgb' });
  assert.deepEqual(
    [...readFileSync(through).subarray(0, 3)].map((v, i) => Math.abs(v - [200, 100, 50][i]!) <= 1),
    [true, true, true],
  );
  assert.ok(readFileSync(stored)[0]! < 197, 'the px of a wider space are smaller numbers');
  writeFileSync(picture('bad.jpg'), 'no picture');
  await assert.rejects(
    pool.decodePictures({ file, sizePx: 20, colour: 'stored', pictures: [{ path: picture('bad.jpg'), offset: 0 }] }),
    {
      code: 'picture/unreadable',
      kind: 'input',
    },
  );
});

test('a slide that makes a process hang is given up; others are served meanwhile and afterwards', async (t) => {
  const { folder, pool, started } = createBench(t, { deadlineMs: 2000 });
  const path = await writeSmall(folder);
  const hanging = join(folder, 'hanging.tif');
  await writeHangingSlide(hanging);
  await Promise.all([pool.describe(path), pool.describe(hanging)]);
  const before = started.length;
  const hung = assert.rejects(pool.region(hanging, { x: 0, y: 0, widthPx: 64, heightPx: 64, downsample: 1 }), {
    code: 'slide/decode-timeout',
    kind: 'input',
  });
  const served = await pool.region(path, { x: 5, y: 6, widthPx: 8, heightPx: 8, downsample: 1 });
  assert.deepEqual([...served.data.subarray(0, 3)], [5, 6, 0]);
  await hung;
  assert.equal(started.length, before + 1);
  // Asked again at once, no further process is lost to it.
  await assert.rejects(pool.region(hanging, { x: 0, y: 0, widthPx: 64, heightPx: 64, downsample: 1 }), {
    code: 'slide/decode-timeout',
  });
  assert.equal(started.length, before + 1);
  await Promise.all([0, 1, 2].map((x) => pool.tile(path, { level: 0, x, y: 0 })));
});

test('a process that dies is replaced, and its call is answered by the next', async (t) => {
  const { folder, pool, started, ready } = createBench(t, { processes: 1 });
  const path = await writeSmall(folder);
  const hanging = join(folder, 'hanging.tif');
  await writeHangingSlide(hanging);
  await pool.describe(path);
  process.kill(started[0]!.pid!, 'SIGKILL');
  const { data } = await pool.region(path, { x: 9, y: 8, widthPx: 4, heightPx: 4, downsample: 1 });
  assert.deepEqual([...data.subarray(0, 3)], [9, 8, 0]);
  assert.equal(started.length, 2);
  // A call that outlives two processes is given up.
  await pool.describe(hanging);
  const lost = assert.rejects(pool.region(hanging, { x: 0, y: 0, widthPx: 8, heightPx: 8, downsample: 1 }), {
    code: 'slide/decode-crashed',
  });
  for (const number of [1, 2]) {
    await ready(number);
    await new Promise((resolve) => setTimeout(resolve, 200));
    process.kill(started[number]!.pid!, 'SIGKILL');
  }
  await lost;
  assert.equal((await pool.describe(path)).widthPx, 300);
});

test('a process that cannot even be killed, since its drive has gone, is let go of and replaced', async (t) => {
  const folder = tempFolder(t);
  const cacheFolder = join(folder, 'cache');
  mkdirSync(cacheFolder);
  const kills: (() => void)[] = [];
  let immortal = true;
  const pool = createSlidePool({
    startProcess(entry) {
      const worker = startProcess(entry, { env: { EOSIN_CACHE: cacheFolder } });
      // As one in the midst of a read from a dead network drive: the signal reaches it when the drive does.
      const kill = (): void => void (immortal ? kills.push(worker.kill) : worker.kill());
      return { ...worker, kill };
    },
    processes: 1,
    deadlineMs: 1000,
    cacheFolder,
  });
  t.after(async () => {
    for (const kill of kills) kill();
    await pool.close();
  });
  const path = await writeSmall(folder);
  const hanging = join(folder, 'hanging.tif');
  await writeHangingSlide(hanging);
  await pool.describe(path);
  await pool.describe(hanging);
  const request = { x: 0, y: 0, widthPx: 64, heightPx: 64, downsample: 1 };
  await assert.rejects(pool.region(hanging, request), { code: 'slide/storage', kind: 'retry' });
  immortal = false;
  assert.equal(kills.length, 1);
  assert.equal((await pool.region(path, request)).widthPx, 64);
});

test('a file that is not the slide that was asked for is refused by every call', async (t) => {
  const { folder, pool } = createBench(t, { processes: 1 });
  const path = await writeSmall(folder);
  const { fingerprint } = await pool.describe(path);
  const request = { x: 0, y: 0, widthPx: 8, heightPx: 8, downsample: 1 };
  const slide = { path, fingerprint };
  await pool.region(slide, request);
  await writeSlide(path, [{ ...size, compression: 'lzw', paint: () => [1, 2, 3] }]);
  const changed = { code: 'slide/changed', kind: 'conflict' };
  await assert.rejects(pool.describe(slide), changed);
  await assert.rejects(pool.tile(slide, { level: 0, x: 0, y: 0 }), changed);
  await assert.rejects(pool.region(slide, request), changed);
  await assert.rejects(pool.thumbnail(slide, 64), changed);
  await assert.rejects(pool.tissueMap(slide), changed);
  const cut = { file: join(folder, 'patches'), sizePx: 8, downsample: 1, patches: [{ x: 0, y: 0, offset: 0 }] };
  await assert.rejects(pool.cutPatches(slide, cut), changed);
  assert.deepEqual([...(await pool.region(path, request)).data.subarray(0, 3)], [1, 2, 3]);
});

test('an aborted call leaves the line; the ones behind it are served', async (t) => {
  const { folder, pool } = createBench(t, { processes: 1 });
  const path = await writeSmall(folder);
  await pool.describe(path);
  const request = { x: 0, y: 0, widthPx: 250, heightPx: 200, downsample: 1 };
  const first = pool.region(path, request);
  const control = new AbortController();
  const second = assert.rejects(pool.region(path, request, control.signal), { name: 'AbortError' });
  const third = pool.region(path, { ...request, widthPx: 10 });
  control.abort();
  await second;
  assert.equal((await first).widthPx, 250);
  assert.equal((await third).widthPx, 10);
  await assert.rejects(pool.tile(path, { level: 0, x: 0, y: 0 }, AbortSignal.abort()), { name: 'AbortError' });
});

test('a process beyond its memory is ended and the slide named', {
  skip: !existsSync('/proc/self/status') && 'no /proc here',
}, async (t) => {
  const { folder, pool } = createBench(t, { processes: 1, memoryLimitBytes: 220 * 2 ** 20, deadlineMs: 60_000 });
  const hanging = join(folder, 'large.tif');
  await writeHangingSlide(hanging);
  await pool.describe(hanging);
  await assert.rejects(pool.region(hanging, { x: 0, y: 0, widthPx: 4000, heightPx: 4000, downsample: 1 }), {
    code: 'slide/decode-memory',
  });
});

test('errors of the slide come through as they are, and a file that changes is read anew', async (t) => {
  const { folder, pool } = createBench(t, { processes: 1 });
  const path = join(folder, 'slide.svs');
  writeFileSync(path, 'a text file');
  await assert.rejects(pool.describe(path), { code: 'slide/not-tiff', kind: 'input', name: 'EosinError' });
  await assert.rejects(pool.describe(join(folder, 'gone.svs')), { code: 'slide/missing' });
  await writeSlide(path, [{ widthPx: 128, heightPx: 100 }]);
  const before = await pool.describe(path);
  await writeSlide(path, [{ widthPx: 192, heightPx: 100 }]);
  const after = await pool.describe(path);
  assert.deepEqual([before.widthPx, after.widthPx], [128, 192]);
  assert.notEqual(before.fingerprint, after.fingerprint);
  await assert.rejects(pool.tile(path, { level: 0, x: 3, y: 0 }), { code: 'slide/no-such-part' });
  await pool.tile(path, { level: 0, x: 2, y: 0 });
});

test('overview levels are made once, however many ask, and bulk work waits for people', async (t) => {
  const { folder, pool } = createBench(t);
  const path = join(folder, 'single.tif');
  await writeSlide(path, [{ widthPx: 1400, heightPx: 1200, tilePx: 256, compression: 'jpeg' }]);
  const info = await pool.describe(path);
  assert.equal(info.levels[1]?.compression, 'made');
  const tiles = await Promise.all([0, 1].flatMap((x) => [0, 1].map((y) => pool.tile(path, { level: 1, x, y }))));
  const sizes = await Promise.all(tiles.map(async ({ bytes }) => (await decodeRgb(bytes)).widthPx));
  assert.deepEqual(sizes, [256, 256, 94, 94]);
});
