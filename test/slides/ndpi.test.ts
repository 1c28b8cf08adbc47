import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import { EosinError } from '../../app/core/errors.ts';
import { openBytes } from '../../app/slides/byte-source.ts';
import { readNdpiJpeg, segmentGrid } from '../../app/slides/ndpi-jpeg.ts';
import { joinWords } from '../../app/slides/ndpi-segments.ts';
import { openSlide } from '../../app/slides/open-slide.ts';
import { checkStructure } from '../../app/slides/structure-check.ts';
import { writeJpeg } from '../fixtures/jpeg-writer.ts';
import { type NdpiForm, type NdpiPicture, writeNdpi, writeSparseNdpi } from '../fixtures/ndpi-writer.ts';
import { hasOpenSlide, openSlideProperties, openSlideRgb } from '../fixtures/openslide.ts';
import { storedTile } from '../fixtures/stored-tile.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import type { Painter } from '../fixtures/tiff-writer.ts';

const skip = hasOpenSlide() ? false : 'python3-openslide is not installed';
const sparse = process.platform === 'win32' ? 'files with gaps would fill the disk' : false;

const level0: NdpiPicture = { widthPx: 1024, heightPx: 544, lens: 40, interval: 32 };
const level1: NdpiPicture = { widthPx: 256, heightPx: 136, lens: 10, interval: 16 };
const macro: NdpiPicture = { widthPx: 300, heightPx: 100, lens: -1 };
const map: NdpiPicture = { widthPx: 60, heightPx: 20, lens: -2 };
const pyramid = [level0, level1, macro, map];

async function open(t: TestContext, path: string, focalPlane?: number) {
  const slide = await openSlide(path, { cacheFolder: tempFolder(t), focalPlane });
  t.after(() => slide.close());
  return slide;
}

async function made(t: TestContext, pictures: readonly NdpiPicture[], form: NdpiForm = {}) {
  const path = join(tempFolder(t), 'slide.ndpi');
  writeSparseNdpi(path, pictures, form);
  return { path, slide: await open(t, path) };
}

type Opened = Awaited<ReturnType<typeof made>>;

function wholeLevel({ slide }: Opened, number: number) {
  const { widthPx, heightPx, downsample } = slide.info.levels[number]!;
  return slide.region({ x: 0, y: 0, widthPx, heightPx, downsample });
}

/** OpenSlide counts levels that it makes by halving: the one of the same width is meant. */
function openSlideLevel({ path, slide }: Opened, number: number): Buffer {
  const { widthPx, heightPx } = slide.info.levels[number]!;
  const theirs = openSlideProperties(path);
  const level = Array.from({ length: Number(theirs['openslide.level-count']) }, (_, i) => i).find(
    (i) => theirs[`openslide.level[${i}].width`] === `${widthPx}`,
  );
  assert.equal(theirs[`openslide.level[${level}].height`], `${heightPx}`);
  return openSlideRgb(path, { level: level!, x: 0, y: 0, width: widthPx, height: heightPx });
}

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

test('levels, scale, objective and what is told of the scan; nothing that names a patient', async (t) => {
  const { slide } = await made(t, pyramid);
  const { info } = slide;
  assert.deepEqual([info.format, info.vendor, info.widthPx, info.heightPx], ['ndpi', 'hamamatsu', 1024, 544]);
  assert.deepEqual([info.objective, info.mpp, info.associated], [40, { x: 0.25, y: 0.25 }, ['macro']]);
  assert.deepEqual(
    info.levels.map(({ widthPx, heightPx, downsample, compression }) => [widthPx, heightPx, downsample, compression]),
    [
      [1024, 544, 1, 'jpeg'],
      [256, 136, 4, 'jpeg'],
    ],
  );
  const { properties } = info;
  assert.equal(properties['hamamatsu.SourceLens'], '40');
  assert.equal(properties['hamamatsu.XOffsetFromSlideCentre'], '-120000');
  assert.equal(properties['hamamatsu.Product'], 'C9600-12');
  assert.equal(properties['hamamatsu.SerialNumber'], '870001');
  assert.ok(!JSON.stringify(info).includes('0815'));
  const { widthPx, heightPx } = await slide.associated('macro');
  assert.deepEqual([widthPx, heightPx], [300, 100]);
  await assert.rejects(slide.associated('map'), { code: 'slide/no-such-part' });
});

test("pixels and scale are OpenSlide's", { skip }, async (t) => {
  for (const sampling of [
    [1, 1],
    [2, 1],
  ] as const) {
    const opened = await made(
      t,
      pyramid.map((picture) => ({ ...picture, sampling })),
    );
    const { path, slide } = opened;
    const theirs = openSlideProperties(path);
    assert.equal(theirs['openslide.vendor'], 'hamamatsu');
    assert.equal(Number(theirs['openslide.mpp-x']), slide.info.mpp?.x);
    assert.equal(Number(theirs['openslide.objective-power']), slide.info.objective);
    for (const number of [0, 1])
      assert.ok(
        openSlideLevel(opened, number).equals((await wholeLevel(opened, number)).data),
        `${sampling} ${number}`,
      );
    const box = { x: 250, y: 4, widthPx: 300, heightPx: 520 };
    const { data } = await slide.region({ ...box, downsample: 1 });
    assert.ok(openSlideRgb(path, { level: 0, x: 250, y: 4, width: 300, height: 520 }).equals(data));
    assert.ok(openSlideRgb(path, { name: 'macro' }).equals((await slide.associated('macro')).data));
  }
});

const shapes: Record<string, Partial<NdpiPicture>> = {
  'sides that end inside of an MCU': { widthPx: 1020, heightPx: 525 },
  'narrow segments': { interval: 2 },
  'narrow segments, halved chroma': { interval: 2, sampling: [2, 1] },
  'segments as wide as the level': { interval: 128 },
  'segments of three rows': { interval: 384, heightPx: 500 },
  'MCUs of 16 x 16 px': { interval: 16, sampling: [2, 2] },
  'no restart markers': { interval: 0 },
  'segments that go around the end of a row': { interval: 100 },
  'no list of segments': { starts: 'missing' },
  'a list that is too short': { starts: (starts) => starts.slice(0, 50) },
  'a list that goes back': { starts: (starts) => starts.toReversed() },
  grey: { grey: true, widthPx: 512, heightPx: 256 },
};
for (const [name, shape] of Object.entries(shapes)) {
  test(`pixels are those of the level's JPEG decoded as a whole: ${name}`, async (t) => {
    const picture = { ...level0, ...shape };
    const opened = await made(t, [picture]);
    const [directory] = await structure(opened.path);
    const source = await openBytes(opened.path);
    const stream = await source.read(directory!.pieces.offsets[0]!, directory!.pieces.byteCounts[0]!);
    await source.close();
    const wanted = await sharp(stream).toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const rgb =
      wanted.info.channels === 1
        ? Buffer.from(Array.from(wanted.data, (grey) => [grey, grey, grey]).flat())
        : wanted.data;
    const { data } = await wholeLevel(opened, 0);
    assert.equal(data.length, rgb.length);
    const isBorder = tileBorders(opened, picture.sampling ?? [1, 1]);
    const most = { inside: 0, border: 0 };
    for (let i = 0; i < data.length; i++) {
      if (data[i] === rgb[i]) continue;
      const px = Math.floor(i / 3);
      const where = isBorder(px % picture.widthPx, Math.floor(px / picture.widthPx)) ? 'border' : 'inside';
      most[where] = Math.max(most[where], Math.abs(data[i]! - rgb[i]!));
    }
    assert.equal(most.inside, 0);
    // Halved chroma is smoothed with a quarter of the neighbour's, which a tile by itself cannot know.
    assert.ok(most.border <= 0.25 * 255 * 1.772);
  });
}

/** Px beside the border of a tile whose chroma is smoothed with its neighbour's. */
function tileBorders({ slide }: Opened, [across, down]: readonly [number, number]) {
  const { tileWidthPx, tileHeightPx, widthPx, heightPx } = slide.info.levels[0]!;
  const near = (at: number, tile: number, end: number): boolean =>
    at > 1 && at < end - 2 && (at % tile < 2 || at % tile >= tile - 2);
  return (x: number, y: number): boolean =>
    (across > 1 && near(x, tileWidthPx, widthPx)) || (down > 1 && near(y, tileHeightPx, heightPx));
}

async function structure(path: string) {
  const source = await openBytes(path);
  const { directories, ndpi } = await checkStructure(source);
  await source.close();
  assert.ok(ndpi);
  return directories;
}

test('a tile is a JPEG of the stored segments, without decoding', async (t) => {
  const opened = await made(t, [{ ...level0, widthPx: 1020, heightPx: 525, sampling: [2, 1], interval: 16 }]);
  const { slide } = opened;
  const [level] = slide.info.levels;
  const { data } = await wholeLevel(opened, 0);
  for (const [x, y] of [
    [0, 0],
    [3, 1],
  ] as const) {
    const { bytes, type } = await slide.tile(0, x, y);
    assert.equal(type, 'image/jpeg');
    assert.ok(await storedTile(slide, 0, x, y));
    const tile = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    const left = x * level!.tileWidthPx;
    const top = y * level!.tileHeightPx;
    assert.deepEqual(
      [tile.info.width, tile.info.height],
      [Math.min(level!.tileWidthPx, 1020 - left), Math.min(level!.tileHeightPx, 525 - top)],
    );
    for (let row = 0; row < tile.info.height; row++) {
      const from = ((top + row) * 1020 + left) * 3;
      const rowBytes = tile.info.width * 3;
      assert.ok(tile.data.subarray(row * rowBytes, (row + 1) * rowBytes).equals(data.subarray(from, from + rowBytes)));
    }
  }
});

test('markers that are not listed are looked for once, in steps that are told', async (t) => {
  const { slide } = await made(t, [{ ...level0, starts: 'missing' }]);
  let steps = 0;
  const tile = () => slide.tile(0, 0, 0, () => steps++);
  const { bytes } = await tile();
  assert.ok(steps > 0);
  const before = steps;
  assert.deepEqual((await tile()).bytes, bytes);
  assert.equal(steps, before);
  const listed = await made(t, [level0]);
  assert.deepEqual((await listed.slide.tile(0, 0, 0)).bytes, bytes);
});

const flat: Painter = (x, y) => [((x >> 4) * 4) & 255, ((y >> 4) * 4) & 255, ((x + y) >> 12) * 12];
const long = 70_144;

const large: Record<string, NdpiPicture> = {
  'wide, and states no size': {
    widthPx: long,
    heightPx: 16,
    lens: 20,
    interval: 64,
    stated: { widthPx: 0, heightPx: 0 },
  },
  'wide, and states what 16 bits hold': {
    ...{ widthPx: long, heightPx: 16, lens: 20, interval: 64 },
    stated: { widthPx: long % 65_536, heightPx: 16 },
  },
  'high, and states no height': {
    widthPx: 16,
    heightPx: long,
    lens: 20,
    interval: 2,
    stated: { widthPx: 16, heightPx: 0 },
  },
};
for (const [name, picture] of Object.entries(large)) {
  test(`an image of more than 65,535 px that is ${name}`, async (t) => {
    const { path, slide } = await made(t, [{ ...picture, paint: flat }]);
    const { widthPx, heightPx } = slide.info;
    assert.deepEqual([widthPx, heightPx], [picture.widthPx, picture.heightPx]);
    for (const along of [0, 65_500]) {
      const place = widthPx === long ? { x: along, y: 0 } : { x: 0, y: along };
      const size = widthPx === long ? { widthPx: 200, heightPx: 16 } : { widthPx: 16, heightPx: 200 };
      const { data } = await slide.region({ ...place, ...size, downsample: 1 });
      for (const [x, y] of [
        [3, 9],
        [size.widthPx - 1, size.heightPx - 1],
      ] as const) {
        const at = (y * size.widthPx + x) * 3;
        const wanted = Uint8Array.from(flat(place.x + x, place.y + y));
        assert.ok(largestDifference(data.subarray(at, at + 3), wanted) <= 3, `${x} ${y}`);
      }
      if (!skip)
        assert.ok(openSlideRgb(path, { level: 0, ...place, width: size.widthPx, height: size.heightPx }).equals(data));
    }
  });
}

test('a file above 4 GiB, all of it behind the border', { skip: sparse }, async (t) => {
  const opened = await made(t, [{ ...level0, gap: 2 ** 32 + 1000 }, level1, macro]);
  const [directory] = await structure(opened.path);
  assert.ok(directory!.at > 2 ** 32 && directory!.pieces.offsets[0]! > 2 ** 32);
  const near = await made(t, [level0, level1, macro]);
  for (const number of [0, 1])
    assert.deepEqual((await wholeLevel(opened, number)).data, (await wholeLevel(near, number)).data);
  assert.deepEqual((await opened.slide.associated('macro')).data, (await near.slide.associated('macro')).data);
  assert.equal(opened.slide.info.properties['hamamatsu.Product'], 'C9600-12');
  if (!skip)
    for (const number of [0, 1])
      assert.ok(openSlideLevel(opened, number).equals((await wholeLevel(opened, number)).data));
});

test('a file above 4 GiB with pictures on both sides of the border', { skip: sparse }, async (t) => {
  const near = await made(t, [level0, level1, macro]);
  const far: Record<string, Opened> = {
    'directories behind': await made(t, [level0, level1, macro], { gapBeforeDirectories: 2 ** 32 }),
    'level 1 behind': await made(t, [level0, { ...level1, gap: 2 ** 32 }, macro]),
    'beyond 8 GiB': await made(t, [level0, { ...level1, gap: 2 ** 33 }, macro]),
  };
  for (const [name, opened] of Object.entries(far))
    for (const number of [0, 1])
      assert.deepEqual((await wholeLevel(opened, number)).data, (await wholeLevel(near, number)).data, name);
});

test('a stream of more than 4 GiB: segments behind the border have upper words', { skip: sparse }, async (t) => {
  const near = await made(t, [level0]);
  const box = { x: 256, y: 8, widthPx: 500, heightPx: 500, downsample: 1 };
  const wanted = (await near.slide.region(box)).data;
  const { slide } = await made(t, [{ ...level0, gapInside: 2 ** 32 + 5000 }]);
  assert.deepEqual((await slide.region(box)).data, wanted);
  await assert.rejects(slide.region({ ...box, x: 0, y: 0 }), { code: 'slide/damaged-tile' });
});

test('words are joined; without the upper ones a number that becomes smaller has passed 4 GiB', () => {
  const lower = Float64Array.of(100, 4_000_000_000, 5, 3_000_000_000, 7);
  assert.deepEqual([...joinWords(lower, null)], [100, 4e9, 2 ** 32 + 5, 2 ** 32 + 3e9, 2 ** 33 + 7]);
  const upper = Float64Array.of(0, 0, 1, 1, 2);
  assert.deepEqual(joinWords(lower, upper), joinWords(lower, null));
});

test('focal planes: the one nearest to the nominal focus, others when asked for', async (t) => {
  const brightness =
    (grey: number): Painter =>
    () => [grey, grey, grey];
  const plane = (z: number, grey: number): NdpiPicture[] => [
    { ...level0, z, paint: brightness(grey) },
    { ...level1, z, paint: brightness(grey) },
  ];
  const { path, slide } = await made(t, [...plane(-4000, 60), ...plane(0, 120), ...plane(4000, 180), macro]);
  assert.deepEqual(slide.info.focalPlanes, { offsetsUm: [-4, 0, 4], shown: 1 });
  assert.equal(slide.info.levels.length, 2);
  for (const [focalPlane, grey] of [
    [undefined, 120],
    [0, 60],
    [2, 180],
  ] as const) {
    const seen = await open(t, path, focalPlane);
    for (const downsample of [1, 4]) {
      const { data } = await seen.region({ x: 0, y: 0, widthPx: 20, heightPx: 20, downsample });
      assert.ok(largestDifference(data, new Uint8Array(data.length).fill(grey)) <= 2, `${focalPlane} ${downsample}`);
    }
    assert.equal(seen.info.fingerprint, slide.info.fingerprint);
  }
  await assert.rejects(open(t, path, 3), { code: 'slide/no-such-part' });
});

async function refused(t: TestContext, pictures: readonly NdpiPicture[], code: string, form: NdpiForm = {}) {
  const path = join(tempFolder(t), 'slide.ndpi');
  writeFileSync(path, writeNdpi(pictures, form));
  const thrown: unknown = await open(t, path).catch((error) => error);
  assert.ok(thrown instanceof EosinError, `opened without ${code}`);
  assert.deepEqual([thrown.code, thrown.kind], [code, 'input'], thrown.message);
  assert.ok(thrown.remedy.length > 20);
}

test('what cannot be read is refused by name', async (t) => {
  const level0 = { widthPx: 64, heightPx: 24, lens: 40, interval: 2 };
  const instead = (tag: number, value: number, type: 3 | 4 | 11 = 4) => ({
    ...level0,
    fields: [{ tag, type, values: [value] }],
  });
  await refused(t, [instead(259, 22_610, 3)], 'slide/unsupported');
  await refused(t, [instead(259, 1, 3)], 'slide/unsupported');
  await refused(t, [level0, level0], 'slide/unsupported');
  await refused(t, [macro, map], 'slide/structure');
  await refused(t, [instead(65_421, Number.NaN, 11)], 'slide/structure');
  await refused(t, [level0], 'slide/structure', { loops: true });
  await refused(t, [instead(273, 2 ** 31)], 'slide/truncated');
  await refused(t, [instead(279, 2 ** 31)], 'slide/truncated');
  await refused(t, [instead(278, 8)], 'slide/structure');
  await refused(t, [{ ...level0, stated: { widthPx: 60, heightPx: 24 } }], 'slide/structure');
});

test('a header with what scanners may put between its markers', async (t) => {
  const { bytes } = writeJpeg({ widthPx: 64, heightPx: 32, paint: flat, interval: 4 });
  const comment = Buffer.from([0xff, 0xff, 0xff, 0xfe, 0, 6, 0x61, 0x62, 0x63, 0x64]);
  const path = join(tempFolder(t), 'stream.jpg');
  writeFileSync(path, Buffer.concat([bytes.subarray(0, 2), comment, bytes.subarray(2)]));
  const source = await openBytes(path);
  t.after(() => source.close());
  const size = { widthPx: 64, heightPx: 32 };
  const header = await readNdpiJpeg(source, { offset: 0, length: source.sizeBytes }, { ...size, index: 0 });
  assert.deepEqual(segmentGrid(header), { widthPx: 32, heightPx: 8, columns: 2, rows: 4 });
  assert.equal(header.headerBytes, bytes.indexOf(Buffer.from([0xff, 0xda])) + 2 + 12 + comment.length);
  assert.equal(Buffer.from(header.head).indexOf('abcd'), -1);
});

test('a small level may be some px larger or smaller than its directory says; nothing else may', async (t) => {
  const says = (picture: NdpiPicture, widthPx: number, heightPx: number): NdpiPicture => ({
    ...picture,
    fields: [
      { tag: 256, type: 4, values: [widthPx] },
      { tag: 257, type: 4, values: [heightPx] },
      { tag: 278, type: 4, values: [heightPx] },
    ],
  });
  const small = { widthPx: 64, heightPx: 34, lens: 2.5 };
  const opened = await made(t, [level0, says(small, 60, 35)]);
  const last = opened.slide.info.levels.length - 1;
  const { widthPx, heightPx, downsample, compression } = opened.slide.info.levels[last]!;
  assert.deepEqual([widthPx, heightPx, downsample, compression], [64, 34, 16, 'jpeg']);
  const own = await made(t, [small]);
  assert.deepEqual((await wholeLevel(opened, last)).data, (await wholeLevel(own, 0)).data);
  await refused(t, [level0, says(small, 80, 34)], 'slide/structure');
  await refused(t, [level0, says({ ...small, interval: 2 }, 60, 34)], 'slide/structure');
});

test('a macro picture too wide for any decoder is refused when it is asked for', async (t) => {
  // Found by fuzzing: a width of 19 bits for a field of 16.
  const { slide } = await made(t, [level0, { ...macro, fields: [{ tag: 256, type: 4, values: [524_408] }] }]);
  await assert.rejects(slide.associated('macro'), { code: 'slide/unsupported', kind: 'input' });
});

test('a field of the maker that points nowhere is left alone', async (t) => {
  const list = { tag: 65_439, type: 4, values: [1, 2] } as const;
  const file = writeNdpi([{ ...level0, fields: [list] }]);
  const start = file.readUInt32LE(4);
  for (let i = 0; i < file.readUInt16LE(start); i++)
    if (file.readUInt16LE(start + 2 + i * 12) === 65_439) file.writeUInt32LE(2 ** 32 - 16, start + 2 + i * 12 + 8);
  const path = join(tempFolder(t), 'slide.ndpi');
  writeFileSync(path, file);
  assert.equal((await open(t, path)).info.widthPx, 1024);
});

test('damage in the JPEG header, or restart markers that are not there, end in an error that says so', async (t) => {
  const sound = writeNdpi([{ ...level0, starts: 'missing' }]);
  const sof = sound.indexOf(Buffer.from([0xff, 0xc0]));
  const bent = async (change: (file: Buffer) => void): Promise<string> => {
    const file = Buffer.from(sound);
    change(file);
    const path = join(tempFolder(t), 'slide.ndpi');
    writeFileSync(path, file);
    const slide = await open(t, path);
    await slide.region({ x: 0, y: 0, widthPx: 1024, heightPx: 544, downsample: 1 });
    return path;
  };
  const code = (expected: RegExp) => (thrown: unknown) => thrown instanceof EosinError && expected.test(thrown.code);
  const damages: [(file: Buffer) => void, RegExp][] = [
    [(file) => file.fill(0, 12, 14), /structure/],
    [(file) => file.writeUInt8(12, sof + 4), /unsupported/],
    [(file) => file.writeUInt8(4, sof + 9), /structure/],
    [(file) => file.writeUInt8(0, sof + 11), /structure/],
    [(file) => file.writeUInt8(0x44, sof + 11), /structure/],
    [(file) => file.writeUInt8(0xc2, sof + 1), /unsupported/],
    [(file) => file.writeUInt8(0xda, sof + 1), /structure/],
    [(file) => file.writeUInt16BE(60_000, sof + 2), /structure/],
    [(file) => file.fill(0, file.indexOf(Buffer.from([0xff, 0xd3])), 50_000), /structure/],
    [(file) => file.writeUInt8(0xd7, file.indexOf(Buffer.from([0xff, 0xd3])) + 1), /structure/],
  ];
  for (const [i, [change, expected]] of damages.entries()) await assert.rejects(bent(change), code(expected), `${i}`);
  await bent(() => {});
});
