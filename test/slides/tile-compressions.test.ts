import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import sharp from 'sharp';
import type { RgbImage } from '../../app/core/slide.ts';
import { decodeRgb } from '../../app/slides/image-codec.ts';
import { openSlide } from '../../app/slides/open-slide.ts';
import { hasOpenSlide, openSlideRgb } from '../fixtures/openslide.ts';
import { storedTile } from '../fixtures/stored-tile.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import {
  coordinates,
  type Directory,
  type FileForm,
  type FixtureLevel,
  levelDirectory,
  type Painter,
  writeTiff,
} from '../fixtures/tiff-writer.ts';

const needsOpenSlide = hasOpenSlide() ? false : 'python3-openslide is not installed';
const size = { widthPx: 300, heightPx: 210 };
const whole = { x: 0, y: 0, ...size, downsample: 1 };

async function openDirectories(t: TestContext, directories: readonly Directory[], form: FileForm = {}) {
  const folder = tempFolder(t);
  const path = join(folder, 'slide.tif');
  writeFileSync(path, writeTiff(directories, form));
  const slide = await openSlide(path, { cacheFolder: join(folder, 'cache') });
  t.after(() => slide.close());
  return { path, slide };
}

const open = async (t: TestContext, level: FixtureLevel, form: FileForm = {}) =>
  openDirectories(t, [await levelDirectory(level)], form);

function painted(paint: Painter, { x, y, widthPx, heightPx }: typeof whole): Buffer {
  const data = Buffer.alloc(widthPx * heightPx * 3);
  for (let j = 0; j < heightPx; j++)
    for (let i = 0; i < widthPx; i++) data.set(paint(x + i, y + j), (j * widthPx + i) * 3);
  return data;
}

function assertPainted(image: RgbImage, at: typeof whole): void {
  assert.ok(painted(coordinates, at).equals(image.data));
}

for (const [compression, predictor] of [
  ['zstd', 1],
  ['zstd', 2],
  ['webp', 1],
] as const) {
  for (const [name, form] of Object.entries({ TIFF: {}, 'big-endian BigTIFF': { bigTiff: true, bigEndian: true } })) {
    test(`every px is where it belongs: ${compression}, predictor ${predictor}, ${name}`, async (t) => {
      const { slide } = await open(t, { ...size, compression, predictor, missing: [0] }, form);
      const inside = { x: 64, y: 37, widthPx: 139, heightPx: 101, downsample: 1 };
      assertPainted(await slide.region(inside), inside);
      const missing = await slide.region({ x: 0, y: 0, widthPx: 64, heightPx: 64, downsample: 1 });
      assert.ok(missing.data.every((value) => value === 255));
      assert.equal(slide.info.levels[0]!.compression, compression);
      assert.equal(await storedTile(slide, 0, 1, 1), null);
      const shown = await slide.tile(0, 4, 3);
      assert.equal(shown.type, 'image/jpeg');
      assert.deepEqual((({ widthPx, heightPx }) => [widthPx, heightPx])(await decodeRgb(shown.bytes)), [44, 18]);
    });
  }

  test(`pixels equal OpenSlide's: ${compression}, predictor ${predictor}`, { skip: needsOpenSlide }, async (t) => {
    const { path, slide } = await open(t, { ...size, compression, predictor });
    const theirs = openSlideRgb(path, { level: 0, x: 0, y: 0, width: size.widthPx, height: size.heightPx });
    assert.ok(theirs.equals((await slide.region(whole)).data));
  });
}

test("lossy WebP equals OpenSlide's", { skip: needsOpenSlide }, async (t) => {
  const { path, slide } = await open(t, { ...size, compression: 'webp-lossy' });
  const theirs = openSlideRgb(path, { level: 0, x: 0, y: 0, width: size.widthPx, height: size.heightPx });
  assert.ok(theirs.equals((await slide.region(whole)).data));
});

test('a picture beside the slide may lie in zstd strips', async (t) => {
  const [first, picture] = [await levelDirectory(size), await levelDirectory({ ...size, compression: 'zstd' })];
  const rows = (y: number, heightPx: number) => painted(coordinates, { ...whole, y, heightPx });
  const strips: Directory = {
    strips: true,
    fields: [...picture.fields.filter(({ tag }) => tag !== 322 && tag !== 323), { tag: 278, type: 3, values: [128] }],
    pieces: [zstdCompressSync(rows(0, 128)), zstdCompressSync(rows(128, 82))],
  };
  const { slide } = await openDirectories(t, [first, strips]);
  assertPainted(await slide.associated('picture-1'), whole);
  const swapped = await openDirectories(t, [first, { ...strips, pieces: [...strips.pieces].reverse() }]);
  await assert.rejects(swapped.slide.associated('picture-1'), { code: 'slide/damaged-tile' });
});

const bomb = zstdCompressSync(Buffer.alloc(2 ** 27));
const broken = {
  zstd: {
    'more px than a tile has': () => bomb,
    'fewer px than a tile has': () => zstdCompressSync(Buffer.alloc(64 * 64 * 3 - 1)),
    'cut off': (piece: Uint8Array) => piece.subarray(0, piece.length >> 1),
    'no zstd': () => Buffer.alloc(99, 7),
  },
  webp: {
    'more px than a tile has': () =>
      sharp(Buffer.alloc(128 * 128 * 3), raw(128, 128))
        .webp()
        .toBuffer(),
    'fewer px than a tile has': () =>
      sharp(Buffer.alloc(64 * 32 * 3), raw(64, 32))
        .webp()
        .toBuffer(),
    'another size behind an extended header': async () => {
      const rgba = sharp(Buffer.alloc(128 * 64 * 4, 99), { raw: { width: 128, height: 64, channels: 4 } });
      return rgba.webp({ quality: 50 }).toBuffer();
    },
    'cut off': (piece: Uint8Array) => piece.subarray(0, piece.length >> 1),
    'no WebP': () => Buffer.alloc(99, 7),
  },
};

function raw(width: number, height: number) {
  return { raw: { width, height, channels: 3 as const } };
}

for (const [compression, kinds] of Object.entries(broken)) {
  for (const [name, breakTile] of Object.entries(kinds)) {
    test(`a damaged ${compression} tile is named and its neighbours are read: ${name}`, async (t) => {
      const directory = await levelDirectory({ ...size, compression: compression as 'zstd' | 'webp' });
      const pieces = [...directory.pieces];
      pieces[7] = await breakTile(pieces[7]!);
      const { slide } = await openDirectories(t, [{ ...directory, pieces }]);
      await assert.rejects(slide.region(whole), {
        code: 'slide/damaged-tile',
        fields: { column: 2, row: 1, downsample: 1 },
      });
      const beside = { x: 0, y: 0, widthPx: 128, heightPx: 210, downsample: 1 };
      assertPainted(await slide.region(beside), beside);
    });
  }
}
