import assert from 'node:assert/strict';
import { existsSync, readdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeRgb } from '../../app/slides/image-codec.ts';
import { chooseLevel } from '../../app/slides/level-choice.ts';
import { planMadeLevels } from '../../app/slides/made-levels.ts';
import { openSlide } from '../../app/slides/open-slide.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { type Painter, writeSlide } from '../fixtures/tiff-writer.ts';

const level = (side: number, downsample: number) => ({ widthPx: side, heightPx: side, downsample });
const downsamples = (stored: Parameters<typeof planMadeLevels>[0]) =>
  planMadeLevels(stored).map((made) => made.downsample);

test('levels are made where the pyramid has holes, and nowhere else', () => {
  assert.deepEqual(downsamples([level(900, 1)]), []);
  assert.deepEqual(downsamples([level(40_000, 1)]), [4, 16, 64]);
  assert.deepEqual(downsamples([level(40_000, 1), level(10_000, 4), level(2500, 16)]), []);
  assert.deepEqual(downsamples([level(64_000, 1), level(1000, 64)]), [4, 16]);
  assert.deepEqual(downsamples([level(64_000, 1), level(8000, 8), level(500, 128)]), [32]);
  assert.deepEqual(downsamples([level(100_000, 1), level(25_000, 4)]), [16, 64, 256].slice(0, 3));
});

/** Changes slowly, so that means and JPEG leave it recognisable everywhere. */
const slow: Painter = (x, y) => [Math.floor(x / 12), Math.floor(y / 12), 100];

test('a made px is the mean of those below it, at every step', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'slide.tif');
  // 2500 / 16 is no whole number: the border cells are cut off.
  const [widthPx, heightPx] = [2500, 1190];
  await writeSlide(path, [{ widthPx, heightPx, tilePx: 240, compression: 'deflate', paint: slow }]);
  const slide = await openSlide(path, { cacheFolder: join(folder, 'cache') });
  t.after(() => slide.close());
  assert.deepEqual(
    slide.info.levels.map(({ downsample, compression, widthPx, heightPx }) => [
      downsample,
      compression,
      widthPx,
      heightPx,
    ]),
    [
      [1, 'deflate', 2500, 1190],
      [4, 'made', 625, 298],
    ],
  );
  assert.equal(existsSync(join(folder, 'cache')), false);
  for (const [x, y, width, height] of [
    [0, 0, 256, 256],
    [2, 1, 113, 42],
  ] as const) {
    const tile = await decodeRgb((await slide.tile(1, x, y)).bytes);
    assert.deepEqual([tile.widthPx, tile.heightPx], [width, height]);
    for (const [i, j] of [
      [0, 0],
      [width - 1, 0],
      [width >> 1, height >> 1],
      [width - 1, height - 1],
    ] as const) {
      const at = (j * width + i) * 3;
      const px = (x * 256 + i) * 4;
      const py = (y * 256 + j) * 4;
      assert.ok(Math.abs(tile.data[at]! - Math.floor(px / 12)) <= 3, `${i} ${j} ${tile.data[at]}`);
      assert.ok(Math.abs(tile.data[at + 1]! - Math.floor(py / 12)) <= 3);
      assert.ok(Math.abs(tile.data[at + 2]! - 100) <= 3);
    }
  }
});

test('several steps at once, from large tiles, and the gap between two stored levels', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'slide.tif');
  const flat =
    (value: number): Painter =>
    (x, y) =>
      x < 2048 && y < 2048 ? [value, 0, 0] : [0, value, 0];
  await writeSlide(path, [
    { widthPx: 5000, heightPx: 4500, tilePx: 2048, compression: 'deflate', paint: flat(200) },
    { widthPx: 78, heightPx: 70, compression: 'deflate', paint: () => [9, 9, 9] },
  ]);
  const slide = await openSlide(path, { cacheFolder: join(folder, 'cache') });
  t.after(() => slide.close());
  assert.deepEqual(
    slide.info.levels.map(({ compression }) => compression),
    ['deflate', 'made', 'made', 'deflate'],
  );
  const px = async (number: number, x: number, y: number) => {
    const { data, widthPx } = await decodeRgb((await slide.tile(number, 0, 0)).bytes);
    return [...data.subarray((y * widthPx + x) * 3, (y * widthPx + x) * 3 + 3)].map(
      (value) => Math.round(value / 20) * 20,
    );
  };
  assert.deepEqual(await px(1, 250, 250), [200, 0, 0]);
  assert.deepEqual(await px(2, 120, 120), [200, 0, 0]);
  assert.deepEqual(await px(2, 140, 120), [0, 200, 0]);
  assert.deepEqual(await px(2, 120, 140), [0, 200, 0]);
});

test('they are made once, and made again when the cached file is damaged', async (t) => {
  const folder = tempFolder(t);
  const cacheFolder = join(folder, 'cache');
  const path = join(folder, 'slide.tif');
  await writeSlide(path, [{ widthPx: 1500, heightPx: 1100, compression: 'lzw', paint: slow }]);
  const read = async () => {
    const slide = await openSlide(path, { cacheFolder });
    const tile = await slide.tile(1, 0, 0);
    await slide.close();
    return Buffer.from(tile.bytes);
  };
  const first = await read();
  const leftover = join(cacheFolder, 'overviews', 'killed.tif.1-a.part');
  writeFileSync(leftover, 'half');
  utimesSync(leftover, 1, 1);
  const cached = readdirSync(join(cacheFolder, 'overviews')).find((name) => name.endsWith('.tif'));
  const file = join(cacheFolder, 'overviews', cached!);
  truncateSync(file, 3000);
  assert.deepEqual(await read(), first);
  writeFileSync(file, 'nonsense');
  assert.deepEqual(await read(), first);
  assert.deepEqual(readdirSync(join(cacheFolder, 'overviews')), [cached]);
});

test('a cache that cannot be written says so and leaves nothing', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'slide.tif');
  await writeSlide(path, [{ widthPx: 1500, heightPx: 1100, compression: 'lzw', paint: slow }]);
  writeFileSync(join(folder, 'cache'), 'a file where the folder should be');
  const slide = await openSlide(path, { cacheFolder: join(folder, 'cache') });
  t.after(() => slide.close());
  await assert.rejects(slide.tile(1, 0, 0), { name: 'EosinError' });
  assert.equal((await slide.tile(0, 0, 0)).type, 'image/jpeg');
});

test('a made level stands in for a stored one only where that would cost much more', () => {
  const tile = { tileWidthPx: 256, tileHeightPx: 256 };
  const levels = [
    { ...level(40_000, 1), ...tile, compression: 'jpeg' },
    { ...level(10_000, 4), ...tile, compression: 'made' },
    { ...level(2500, 16), ...tile, compression: 'made' },
  ];
  assert.deepEqual(
    [1, 4, 8, 9, 16, 100].map((downsample) => chooseLevel(levels, downsample)),
    [0, 0, 0, 1, 2, 2],
  );
});
