import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EosinError } from '../../app/core/errors.ts';
import { randomFor } from '../../app/core/random.ts';
import type { RgbImage } from '../../app/core/slide.ts';
import { decodeRgb } from '../../app/slides/image-codec.ts';
import { openSlide } from '../../app/slides/open-slide.ts';
import type { TiffSlide } from '../../app/slides/tiff-slide.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import {
  blocks,
  coordinates,
  type Field,
  type FileForm,
  type FixtureLevel,
  levelDirectory,
  type Painter,
  writeSlide,
  writeTiff,
} from '../fixtures/tiff-writer.ts';

async function openFixture(t: TestContext, levels: readonly FixtureLevel[], form: FileForm = {}): Promise<TiffSlide> {
  const folder = tempFolder(t);
  const path = join(folder, 'slide.tif');
  await writeSlide(path, levels, form);
  const slide = await openSlide(path, { cacheFolder: join(folder, 'cache') });
  t.after(() => slide.close());
  return slide;
}

/** Largest difference of a channel between what was read and what the painter says, at level-0 px (x, y) on. */
function worst(image: RgbImage, paint: Painter, x: number, y: number): number {
  let most = 0;
  for (let j = 0; j < image.heightPx; j++)
    for (let i = 0; i < image.widthPx; i++)
      for (const [c, value] of paint(x + i, y + j).entries())
        most = Math.max(most, Math.abs(image.data[(j * image.widthPx + i) * 3 + c]! - value));
  return most;
}

const size = { widthPx: 300, heightPx: 210 };
const forms: Record<string, FileForm> = {
  'little endian': {},
  'big endian': { bigEndian: true },
  BigTIFF: { bigTiff: true },
  'big-endian BigTIFF': { bigTiff: true, bigEndian: true },
};

for (const [name, form] of Object.entries(forms)) {
  for (const compression of ['none', 'lzw', 'deflate', 'old-deflate'] as const) {
    for (const predictor of compression === 'none' ? ([1] as const) : ([1, 2] as const)) {
      test(`every px is where it belongs: ${name}, ${compression}, predictor ${predictor}`, async (t) => {
        const slide = await openFixture(t, [{ ...size, compression, predictor }], form);
        const all = await slide.region({ x: 0, y: 0, ...size, downsample: 1 });
        assert.equal(worst(all, coordinates, 0, 0), 0);
        const inside = await slide.region({ x: 61, y: 37, widthPx: 139, heightPx: 101, downsample: 1 });
        assert.equal(worst(inside, coordinates, 61, 37), 0);
      });
    }
  }
  for (const compression of ['jpeg', 'jpeg-with-tables'] as const) {
    test(`blocks of colour survive JPEG: ${name}, ${compression}`, async (t) => {
      const slide = await openFixture(t, [{ ...size, compression }], form);
      const image = await slide.region({ x: 50, y: 20, widthPx: 200, heightPx: 150, downsample: 1 });
      assert.ok(worst(image, blocks, 50, 20) <= 2);
    });
  }
}

test('long offset tables of big-endian files are read as such', async (t) => {
  const slide = await openFixture(t, [{ widthPx: 2000, heightPx: 1600, tilePx: 16 }], { bigEndian: true });
  const image = await slide.region({ x: 1500, y: 1500, widthPx: 90, heightPx: 90, downsample: 1 });
  assert.equal(worst(image, coordinates, 1500, 1500), 0);
});

test('a tile that the file leaves out is white, alone and among others', async (t) => {
  const slide = await openFixture(t, [{ ...size, compression: 'deflate', missing: [1] }]);
  const image = await slide.region({ x: 0, y: 0, widthPx: 192, heightPx: 64, downsample: 1 });
  const at = (x: number, y: number) => [...image.data.subarray((y * 192 + x) * 3, (y * 192 + x) * 3 + 3)];
  assert.deepEqual(at(63, 10), [63, 10, 0]);
  assert.deepEqual(at(64, 10), [255, 255, 255]);
  assert.deepEqual(at(127, 63), [255, 255, 255]);
  assert.deepEqual(at(128, 10), [128, 10, 0]);
  const tile = await slide.tile(0, 1, 0);
  const decoded = await decodeRgb(tile.bytes);
  assert.ok(decoded.data.every((value) => value === 255));
});

test('what lies outside of the slide is white', async (t) => {
  const slide = await openFixture(t, [size]);
  const image = await slide.region({ x: -10, y: 200, widthPx: 20, heightPx: 20, downsample: 1 });
  const at = (x: number, y: number) => [...image.data.subarray((y * 20 + x) * 3, (y * 20 + x) * 3 + 3)];
  assert.deepEqual(at(9, 0), [255, 255, 255]);
  assert.deepEqual(at(10, 0), [0, 200, 0]);
  assert.deepEqual(at(12, 9), [2, 209, 0]);
  assert.deepEqual(at(12, 10), [255, 255, 255]);
  const far = await slide.region({ x: 5000, y: 5000, widthPx: 4, heightPx: 4, downsample: 3.7 });
  assert.ok(far.data.every((value) => value === 255));
});

test('a region is read from the nearest finer level', async (t) => {
  const flat =
    (value: number): Painter =>
    () => [value, value, value];
  const slide = await openFixture(t, [
    { widthPx: 640, heightPx: 480, paint: flat(10) },
    { widthPx: 320, heightPx: 240, paint: flat(20) },
    { widthPx: 80, heightPx: 60, paint: flat(40) },
  ]);
  assert.deepEqual(
    slide.info.levels.map(({ downsample }) => downsample),
    [1, 2, 8],
  );
  const seen = async (downsample: number) =>
    (await slide.region({ x: 0, y: 0, widthPx: 10, heightPx: 10, downsample })).data[0];
  assert.equal(await seen(1), 10);
  assert.equal(await seen(1.9), 10);
  assert.equal(await seen(2), 20);
  assert.equal(await seen(7.9), 20);
  assert.equal(await seen(8), 40);
  assert.equal(await seen(20), 40);
  assert.equal(await seen(0.5), 10);
});

test('downsampling takes the mean of the area, at any origin', async (t) => {
  const ramp: Painter = (x, y) => [x & 255, y & 255, 7];
  const slide = await openFixture(t, [{ widthPx: 250, heightPx: 250, paint: ramp }]);
  for (const [x, y, downsample] of [
    [0, 0, 2],
    [10, 20, 4],
    [3.25, 8.5, 1],
    [7, 5, 2.5],
    [11.3, 12.9, 3.7],
  ] as const) {
    const image = await slide.region({ x, y, widthPx: 20, heightPx: 20, downsample });
    for (const i of [0, 7, 19]) {
      // The mean of a ramp over an area is the ramp at its middle, less the half px that a px's own middle lies further.
      const wanted = x + (i + 0.5) * downsample - 0.5;
      assert.ok(Math.abs(image.data[i * 3]! - wanted) <= 0.51, `x ${x} i ${i} ${image.data[i * 3]} ${wanted}`);
      const down = y + (i + 0.5) * downsample - 0.5;
      assert.ok(Math.abs(image.data[i * 20 * 3 + 1]! - down) <= 0.51);
    }
    assert.equal(image.data[2], 7);
  }
});

test('a stored JPEG tile is handed on as it was scanned, with the shared tables before it', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'slide.tif');
  const directory = await levelDirectory({ ...size, compression: 'jpeg-with-tables' });
  writeFileSync(path, writeTiff([directory]));
  const slide = await openSlide(path, { cacheFolder: folder });
  t.after(() => slide.close());
  const stored = directory.pieces[6]!;
  const { bytes, type } = await slide.tile(0, 1, 1);
  assert.equal(type, 'image/jpeg');
  assert.deepEqual(Buffer.from(bytes.subarray(-(stored.length - 2))), Buffer.from(stored.subarray(2)));
  const decoded = await decodeRgb(bytes);
  assert.equal(decoded.widthPx, 64);
  assert.ok(worst(decoded, blocks, 64, 64) <= 2);
});

test('a tile at the border is cut to the slide, whatever its compression', async (t) => {
  for (const compression of ['jpeg', 'lzw'] as const) {
    const slide = await openFixture(t, [{ ...size, compression, paint: blocks }]);
    const decoded = await decodeRgb((await slide.tile(0, 4, 3)).bytes);
    assert.deepEqual([decoded.widthPx, decoded.heightPx], [300 - 4 * 64, 210 - 3 * 64]);
    assert.ok(worst(decoded, blocks, 4 * 64, 3 * 64) <= 12);
  }
});

test('a tile or level that is not there is refused', async (t) => {
  const slide = await openFixture(t, [size]);
  for (const [level, x, y] of [
    [0, 5, 0],
    [0, 0, 4],
    [0, -1, 0],
    [0, 0.5, 0],
    [9, 0, 0],
  ] as const)
    await assert.rejects(slide.tile(level, x, y), { code: 'slide/no-such-part' });
  await assert.rejects(slide.associated('label'), { code: 'slide/no-such-part' });
  await assert.rejects(slide.region({ x: 0, y: 0, widthPx: 1e5, heightPx: 1e5, downsample: 1 }), {
    code: 'region/size',
  });
  await assert.rejects(slide.region({ x: Number.NaN, y: 0, widthPx: 5, heightPx: 5, downsample: 1 }), {
    code: 'region/size',
  });
});

const ratio = (over: number, under: number): readonly Field[] => [
  { tag: 282, type: 5, values: [over, under] },
  { tag: 283, type: 5, values: [over, under] },
];

test('mpp comes from the resolution tags when unit and value are plausible', async (t) => {
  const mppWith = async (fields: readonly Field[]) => (await openFixture(t, [{ ...size, fields }])).info.mpp;
  const unit = (value: number): Field => ({ tag: 296, type: 3, values: [value] });
  assert.deepEqual(await mppWith([...ratio(20000, 1), unit(3)]), { x: 0.5, y: 0.5 });
  assert.deepEqual(await mppWith([...ratio(50800, 1), unit(2)]), { x: 0.5, y: 0.5 });
  assert.equal(await mppWith([...ratio(72, 1), unit(2)]), null);
  assert.equal(await mppWith([...ratio(20000, 1), unit(1)]), null);
  assert.equal(await mppWith([...ratio(0, 0), unit(3)]), null);
  assert.equal(await mppWith([unit(3)]), null);
});

const strip = (widthPx: number, heightPx: number, value: number, description: string) => ({
  strips: true,
  pieces: [Buffer.alloc(widthPx * heightPx * 3, value)],
  fields: [
    { tag: 256, type: 4, values: [widthPx] },
    { tag: 257, type: 4, values: [heightPx] },
    { tag: 258, type: 3, values: [8, 8, 8] },
    { tag: 259, type: 3, values: [1] },
    { tag: 262, type: 3, values: [2] },
    { tag: 270, type: 2, values: description },
    { tag: 277, type: 3, values: [3] },
    { tag: 278, type: 4, values: [heightPx] },
  ] as const,
});

test('Aperio: scale with a decimal comma, objective, levels, and pictures beside the slide by name', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'slide.svs');
  const description = 'Aperio Image Library v12\r\n640x480 (64x64)|AppMag = 40|MPP = 0,2527|Left = 1.5';
  const level = (downsample: number, text: string) =>
    levelDirectory({
      widthPx: 640 / downsample,
      heightPx: 480 / downsample,
      compression: 'jpeg-with-tables',
      fields: [{ tag: 270, type: 2, values: text }],
    });
  const directories = [
    await level(1, description),
    strip(64, 48, 90, 'Aperio Image Library v12\r\n640x480 -> 64x48'),
    await level(4, 'Aperio Image Library v12\r\n640x480 -> 160x120'),
    strip(30, 40, 120, 'Aperio Image Library v12\r\nlabel 30x40'),
    strip(80, 30, 150, 'Aperio Image Library v12\r\nmacro 80x30'),
  ];
  writeFileSync(path, writeTiff(directories));
  const slide = await openSlide(path, { cacheFolder: folder });
  t.after(() => slide.close());
  const { info } = slide;
  assert.deepEqual([info.format, info.vendor, info.objective], ['svs', 'aperio', 40]);
  assert.deepEqual(info.mpp, { x: 0.2527, y: 0.2527 });
  assert.deepEqual(
    info.levels.map(({ downsample, compression }) => [downsample, compression]),
    [
      [1, 'jpeg'],
      [4, 'jpeg'],
    ],
  );
  assert.deepEqual([...info.associated].sort(), ['label', 'macro', 'thumbnail']);
  assert.equal(info.properties['aperio.Left'], '1.5');
  const label = await slide.associated('label');
  assert.deepEqual([label.widthPx, label.heightPx, label.data[0], label.data.length], [30, 40, 120, 3600]);
});

test('kinds that are not read say so', async (t) => {
  const refused = async (fields: readonly Field[]) => {
    await assert.rejects(openFixture(t, [{ ...size, fields }]), { code: 'slide/unsupported' });
  };
  await refused([{ tag: 259, type: 3, values: [33004] }]);
  await refused([{ tag: 259, type: 3, values: [50002] }]);
  await refused([{ tag: 258, type: 3, values: [16, 16, 16] }]);
  await refused([{ tag: 262, type: 3, values: [5] }]);
});

test('a damaged tile is named, and its neighbours can still be read', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'slide.tif');
  const directory = await levelDirectory({ ...size, compression: 'deflate' });
  const pieces = directory.pieces.map((piece, i) => (i === 7 ? Buffer.alloc(piece!.length, 0xa5) : piece));
  writeFileSync(path, writeTiff([{ ...directory, pieces }]));
  const slide = await openSlide(path, { cacheFolder: folder });
  t.after(() => slide.close());
  await assert.rejects(slide.region({ x: 0, y: 0, ...size, downsample: 1 }), {
    code: 'slide/damaged-tile',
    fields: { column: 2, row: 1, downsample: 1 },
  });
  assert.equal(
    worst(await slide.region({ x: 0, y: 0, widthPx: 128, heightPx: 128, downsample: 1 }), coordinates, 0, 0),
    0,
  );
});

test('whatever bytes are changed, a slide opens and reads, or is refused in words', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'slide.tif');
  for (const [form, compression] of [
    [{}, 'lzw'],
    [{ bigEndian: true }, 'deflate'],
    [{ bigTiff: true }, 'jpeg-with-tables'],
  ] as const) {
    const level = (downsample: number) =>
      levelDirectory({ widthPx: 90 / downsample, heightPx: 70 / downsample, compression, tilePx: 32 });
    const whole = writeTiff([await level(1), await level(2)], form);
    const random = randomFor(11, compression);
    for (let run = 0; run < 100; run++) {
      const bytes = Buffer.from(whole);
      for (let change = random.integer(5); change >= 0; change--) {
        const anywhere = random.next() < 0.5;
        bytes[anywhere ? random.integer(bytes.length) : bytes.length - 1 - random.integer(700)] = random.integer(256);
      }
      writeFileSync(path, bytes);
      try {
        const slide = await openSlide(path, { cacheFolder: folder });
        const side = Math.min(400, slide.info.widthPx, slide.info.heightPx);
        await slide.region({ x: 0, y: 0, widthPx: side, heightPx: side, downsample: 1 }).finally(() => slide.close());
      } catch (thrown) {
        assert.ok(thrown instanceof EosinError, `${compression} ${run}: ${thrown}`);
      }
    }
  }
});
