import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { randomFor } from '../../app/core/random.ts';
import { openSlide } from '../../app/slides/open-slide.ts';
import type { StepProgress } from '../../app/slides/slide.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { writeTiff } from '../fixtures/tiff-writer.ts';

const size = { widthPx: 701, heightPx: 522 };

function noise(bytes: number): Buffer {
  const random = randomFor(4, 'noise', bytes);
  return Buffer.from(Uint8Array.from({ length: bytes }, () => random.integer(256)));
}
const raw = noise(size.widthPx * size.heightPx * 3);
const picture = (): Sharp => sharp(raw, { raw: { width: size.widthPx, height: size.heightPx, channels: 3 } });

async function open(t: TestContext, path: string) {
  const slide = await openSlide(path, { cacheFolder: join(path, '..', 'cache') });
  t.after(() => slide.close());
  return slide;
}

async function decoded(path: string): Promise<Buffer> {
  return sharp(path, { ignoreIcc: true }).flatten({ background: '#fff' }).toColourspace('srgb').raw().toBuffer();
}

const lossless: Record<string, (path: string) => Promise<unknown>> = {
  'rgb.png': (path) => picture().png().toFile(path),
  'interlaced.png': (path) => picture().png({ progressive: true }).toFile(path),
  'palette.png': (path) => picture().threshold(90).png({ palette: true, effort: 1 }).toFile(path),
  'clear.png': (path) => picture().ensureAlpha(0.4).png().toFile(path),
  'profile.png': (path) => picture().withIccProfile('p3').png().toFile(path),
  'baseline.jpg': (path) => picture().jpeg({ quality: 80 }).toFile(path),
  'progressive.jpg': (path) => picture().jpeg({ progressive: true }).toFile(path),
  'none.tif': (path) => picture().tiff({ compression: 'none' }).toFile(path),
  'lzw.tif': (path) => picture().tiff({ compression: 'lzw', predictor: 'horizontal' }).toFile(path),
  'deflate.tif': (path) => picture().tiff({ compression: 'deflate' }).toFile(path),
  'jpeg.tif': (path) => picture().tiff({ compression: 'jpeg' }).toFile(path),
};
for (const [name, write] of Object.entries(lossless))
  test(`level 0 of a plain picture has its own px: ${name}`, async (t) => {
    const path = join(tempFolder(t), name);
    await write(path);
    const slide = await open(t, path);
    assert.deepEqual([slide.info.widthPx, slide.info.heightPx, slide.info.mpp], [701, 522, null]);
    const { data } = await slide.region({ x: 0, y: 0, ...size, downsample: 1 });
    assert.ok((await decoded(path)).equals(data));
    if (name === 'rgb.png' || name === 'none.tif') assert.ok(raw.equals(data));
  });

test('grey pictures of 8 and 16 bits become RGB, each px in its place', async (t) => {
  const folder = tempFolder(t);
  const [width, height] = [300, 280];
  const grey = noise(width * height);
  const deep = new Uint16Array(grey.length).map((_, i) => grey[i]! * 256 + 17);
  await sharp(grey, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toFile(join(folder, '8.png'));
  await sharp(deep, { raw: { width, height, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toFile(join(folder, '16.png'));
  for (const name of ['8.png', '16.png']) {
    const slide = await open(t, join(folder, name));
    const { data } = await slide.region({ x: 0, y: 0, widthPx: width, heightPx: height, downsample: 1 });
    assert.ok(
      data.every((value, i) => value === grey[Math.floor(i / 3)]),
      name,
    );
  }
});

test('levels halve until one tile holds all; a px of them is the mean of those below', async (t) => {
  const path = join(tempFolder(t), 'slide.png');
  await picture().png().toFile(path);
  const slide = await open(t, path);
  assert.deepEqual(
    slide.info.levels.map(({ widthPx, heightPx, downsample, compression }) => [
      widthPx,
      heightPx,
      downsample,
      compression,
    ]),
    [
      [701, 522, 1, 'made'],
      [350, 261, 2, 'made'],
      [175, 130, 4, 'made'],
    ],
  );
  const [half, whole] = [slide.levelFor(2), slide.levelFor(1)];
  const [above, below] = [await (await half).decodeTiles([0]), await (await whole).decodeTiles([0])];
  for (const [x, y] of [
    [0, 0],
    [90, 17],
    [127, 127],
  ] as const)
    for (const channel of [0, 1, 2]) {
      const at = (dx: number, dy: number): number => below[((2 * y + dy) * 256 + 2 * x + dx) * 3 + channel]!;
      const mean = (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4;
      assert.ok(Math.abs(above[(y * 256 + x) * 3 + channel]! - mean) <= 1);
    }
  const tile = await slide.tile(0, 2, 2);
  assert.equal((await sharp(tile.bytes).metadata()).width, 701 - 512);
});

test('nothing is converted before px are asked for, and then once', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'slide.png');
  await picture().png().toFile(path);
  const cache = join(folder, 'cache');
  const slide = await open(t, path);
  assert.equal(existsSync(cache), false);
  await slide.makeLevels();
  const [file, ...others] = readdirSync(join(cache, 'pictures'));
  assert.deepEqual([file, others], [`${slide.info.fingerprint}-1.tif`, []]);
  const converted = readFileSync(join(cache, 'pictures', file!));
  // A second opening takes what lies there, as can be seen from px that are not the picture's.
  const other = join(folder, 'other.png');
  await picture().negate().png().toFile(other);
  const negative = await open(t, other);
  assert.notEqual(negative.info.fingerprint, slide.info.fingerprint);
  writeFileSync(join(cache, 'pictures', `${negative.info.fingerprint}-1.tif`), converted);
  const { data } = await negative.region({ x: 0, y: 0, ...size, downsample: 1 });
  assert.ok(raw.equals(data));
  // A cached file that is damaged is made anew.
  writeFileSync(join(cache, 'pictures', file!), converted.subarray(0, 1000));
  const again = await open(t, path);
  assert.ok(raw.equals((await again.region({ x: 0, y: 0, ...size, downsample: 1 })).data));
});

test('a conversion tells that it goes on, and how far it is where the system knows', async (t) => {
  const path = join(tempFolder(t), 'slide.png');
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const;
  await sharp({ create: { width: 3000, height: 2500, channels: 3, background: '#fff', noise } })
    .png({ compressionLevel: 1 })
    .toFile(path);
  const slide = await open(t, path);
  const steps: (StepProgress | undefined)[] = [];
  await slide.makeLevels((progress) => steps.push(progress));
  assert.ok(steps.length > 0);
  if (process.platform === 'linux') {
    const { size } = statSync(path);
    const told = steps.filter((progress) => progress !== undefined);
    assert.ok(told.every(({ done, total }) => total === size && done > 0 && done <= size));
    const done = told.map((progress) => progress.done);
    assert.deepEqual(
      done,
      [...done].sort((a, b) => a - b),
    );
    assert.ok(done.at(-1)! > done[0]!, 'it comes nearer');
  }
  const converted = steps.length;
  await slide.makeLevels((progress) => steps.push(progress));
  assert.equal(steps.length, converted);
});

test('very narrow pictures have levels too', async (t) => {
  const path = join(tempFolder(t), 'slide.png');
  const data = noise(3000 * 3);
  await sharp(data, { raw: { width: 3000, height: 1, channels: 3 } })
    .png()
    .toFile(path);
  const slide = await open(t, path);
  assert.ok(data.equals((await slide.region({ x: 0, y: 0, widthPx: 3000, heightPx: 1, downsample: 1 })).data));
  assert.equal((await slide.region({ x: 0, y: 0, widthPx: 187, heightPx: 1, downsample: 16 })).data.length, 187 * 3);
});

const chunk = (name: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
};
const words = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, i * 4);
  return bytes;
};

test('a resolution is a scale where it can be a microscope’s', async (t) => {
  const folder = tempFolder(t);
  const mppOf = async (name: string, bytes: Uint8Array) => {
    writeFileSync(join(folder, name), bytes);
    return (await open(t, join(folder, name))).info.mpp;
  };
  const png = await picture().png().toBuffer();
  const own = png.indexOf('pHYs') - 4;
  const withDots = (dotsX: number, dotsY: number, unit: number): Buffer =>
    Buffer.concat([
      png.subarray(0, own),
      chunk('pHYs', Buffer.concat([words(dotsX, dotsY), Buffer.of(unit)])),
      png.subarray(own + 21),
    ]);
  assert.deepEqual(await mppOf('fine.png', withDots(4e6, 2e6, 1)), { x: 0.25, y: 0.5 });
  assert.equal(await mppOf('print.png', withDots(11_811, 11_811, 1)), null);
  assert.equal(await mppOf('ratio.png', withDots(4e6, 4e6, 0)), null);
  const jpeg = await picture().jpeg().toBuffer();
  const dots = (unit: number, density: number): Buffer => {
    const jfif = Buffer.from([0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 2, unit, 0, 0, 0, 0, 0, 0]);
    jfif.writeUInt16BE(density, 12);
    jfif.writeUInt16BE(density, 14);
    return Buffer.concat([jpeg.subarray(0, 2), jfif, jpeg.subarray(2)]);
  };
  assert.deepEqual(await mppOf('fine.jpg', dots(2, 20_000)), { x: 0.5, y: 0.5 });
  assert.deepEqual(await mppOf('inch.jpg', dots(1, 50_800)), { x: 0.5, y: 0.5 });
  assert.equal(await mppOf('print.jpg', dots(1, 300)), null);
  const tiff = join(folder, 'fine.tif');
  await picture().tiff({ compression: 'none', xres: 4000, yres: 2000 }).toFile(tiff);
  const { x, y } = (await open(t, tiff)).info.mpp!;
  assert.ok(Math.abs(x - 0.25) < 1e-6 && Math.abs(y - 0.5) < 1e-6);
});

test('pictures that cannot be read are refused before a decoder sees them, or in words', async (t) => {
  const folder = tempFolder(t);
  const refused = async (bytes: Uint8Array, code: string) => {
    const path = join(folder, 'slide');
    writeFileSync(path, bytes);
    await assert.rejects(openSlide(path, { cacheFolder: folder }), { code, name: 'EosinError' });
  };
  const png = await picture().png().toBuffer();
  const jpeg = await picture().jpeg().toBuffer();
  const sized = (widthPx: number, heightPx: number, interlace = 0): Buffer => {
    const bits = Buffer.of(8, 2, 0, 0, interlace);
    return Buffer.concat([
      png.subarray(0, 8),
      chunk('IHDR', Buffer.concat([words(widthPx, heightPx), bits])),
      png.subarray(33),
    ]);
  };
  await refused(png.subarray(0, 30), 'slide/truncated');
  await refused(png.subarray(0, 36), 'slide/truncated');
  await refused(Buffer.concat([png.subarray(0, 33), chunk('IEND', Buffer.alloc(0))]), 'slide/structure');
  await refused(Buffer.concat([png.subarray(0, 33), words(5, 0, 0, 0)]), 'slide/structure');
  await refused(sized(0, 10), 'slide/structure');
  await refused(sized(100_000, 10_001), 'slide/unsupported');
  await refused(sized(20_000, 5_001, 1), 'slide/unsupported');
  await refused(jpeg.subarray(0, 60), 'slide/truncated');
  await refused(
    Buffer.concat([jpeg.subarray(0, 4 + jpeg.readUInt16BE(4)), Buffer.from('no marker')]),
    'slide/structure',
  );
  await refused(await picture().toColourspace('cmyk').jpeg().toBuffer(), 'slide/unsupported');
  const strips = (fields: { tag: number; type: 3 | 4; values: number[] }[]) =>
    writeTiff([
      {
        strips: true,
        pieces: [Buffer.alloc(64 * 64)],
        fields: [
          { tag: 256, type: 4, values: [64] },
          { tag: 257, type: 4, values: [64] },
          { tag: 258, type: 3, values: [8] },
          ...fields,
        ],
      },
    ]);
  const [black, none] = [
    { tag: 262, type: 3, values: [1] },
    { tag: 259, type: 3, values: [1] },
  ] as const;
  await refused(
    strips([
      { ...black, values: [1] },
      { ...none, values: [50_000] },
    ]),
    'slide/unsupported',
  );
  await refused(
    strips([
      { ...black, values: [8] },
      { ...none, values: [1] },
    ]),
    'slide/unsupported',
  );

  const path = join(folder, 'slide.png');
  writeFileSync(path, png.subarray(0, png.length >> 1));
  const slide = await open(t, path);
  await assert.rejects(slide.makeLevels(), { code: 'slide/damaged-picture', kind: 'input' });
  assert.deepEqual(readdirSync(join(folder, 'cache', 'pictures')), []);
});
