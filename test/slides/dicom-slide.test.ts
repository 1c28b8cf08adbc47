import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { EosinError } from '../../app/core/errors.ts';
import type { SlideLook } from '../../app/core/slide.ts';
import { decodeRgb } from '../../app/slides/image-codec.ts';
import { openSlide } from '../../app/slides/open-slide.ts';
import { createSlidePool } from '../../app/slides/slide-pool.ts';
import type { TiffSlide } from '../../app/slides/tiff-slide.ts';
import { startProcess } from '../../main/start-process.ts';
import { type DicomPicture, type Element, syntax, writeDicom } from '../fixtures/dicom-writer.ts';
import { storedTile } from '../fixtures/stored-tile.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { blocks, coordinates, type Rgb } from '../fixtures/tiff-writer.ts';

const data = process.env.EOSIN_DATA;
const skip = data ? false : 'EOSIN_DATA is not set';
const size = { widthPx: 100, heightPx: 50 };

async function open(t: TestContext, path: string, look: SlideLook = {}): Promise<TiffSlide> {
  const slide = await openSlide(path, { cacheFolder: join(tmpdir(), 'eosin-test-unused'), ...look });
  t.after(() => slide.close());
  return slide;
}

/** Writes the files of a slide into a folder and gives the folder. */
async function write(t: TestContext, ...pictures: DicomPicture[]): Promise<string> {
  const folder = tempFolder(t);
  for (const [i, picture] of pictures.entries())
    writeFileSync(join(folder, `${i}.dcm`), await writeDicom({ uid: `2.25.${i + 1}`, ...picture }));
  return folder;
}

async function whole(slide: TiffSlide): Promise<Uint8Array> {
  const { widthPx, heightPx } = slide.info;
  return (await slide.region({ x: 0, y: 0, widthPx, heightPx, downsample: 1 })).data;
}

/** Compares a slide of `size` with what was painted. */
async function assertPixels(slide: TiffSlide, paint: (x: number, y: number) => Rgb, tolerance = 0): Promise<void> {
  const found = await whole(slide);
  for (let y = 0; y < size.heightPx; y++)
    for (let x = 0; x < size.widthPx; x++)
      for (const [channel, wanted] of paint(x, y).entries()) {
        const value = found[(y * size.widthPx + x) * 3 + channel]!;
        assert.ok(Math.abs(value - wanted) <= tolerance, `(${x}, ${y}) has ${value} where ${wanted} was painted`);
      }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** RGB as pydicom 3 with Pillow, and OpenSlide 4.0.1, decode these files: both gave these bytes. */
const realSlides = [
  {
    path: 'dicom/cmu1-small',
    size: [2220, 2967],
    tile: [240, 240],
    mpp: { x: 0.499, y: 0.499 },
    rgb: '5896f6d973b8b880e0fcf5ade4f787965530f9c0940d46b3be65009366d12adb',
    associated: {
      label: '577247359ad04e71d140a4d67e5d27df73146104932ef91cbe1a98899e3aaa5b',
      macro: '4e3515e5e8028ba7d13e5e5302d56fed3c178852eaa3c8b165da68158407b199',
      thumbnail: 'c0492f4d16fd37cc676a4bcbfe135f24817787c0db5640f95d928c8a9280d4f2',
    },
  },
  {
    path: 'dicom/camelyon_jpeg.dcm',
    size: [1152, 700],
    tile: [256, 256],
    mpp: { x: 28.969, y: 28.968 },
    rgb: 'f1462724ce6d253d70fa7986adcb4f86b87b710ff197382c3574845f6f658212',
    associated: {},
  },
  {
    path: 'dicom/sm_image.dcm',
    size: [50, 50],
    tile: [10, 10],
    mpp: { x: 0.499, y: 0.499 },
    rgb: 'c05080458a5d583e86f8a28b3aea56344470450c12b89b7a00476e936fc272cb',
    associated: {},
  },
];

for (const real of realSlides)
  test(`description and pixels of ${real.path}`, { skip }, async (t) => {
    const slide = await open(t, join(data!, real.path));
    const { info } = slide;
    const [level] = info.levels;
    assert.deepEqual([info.format, info.widthPx, info.heightPx], ['dicom', ...real.size]);
    assert.deepEqual([level!.tileWidthPx, level!.tileHeightPx], real.tile);
    assert.deepEqual(info.mpp, real.mpp);
    assert.equal(sha256(await whole(slide)), real.rgb);
    assert.deepEqual([...info.associated].sort(), Object.keys(real.associated).sort());
    for (const [name, wanted] of Object.entries(real.associated))
      assert.equal(sha256((await slide.associated(name)).data), wanted, name);
  });

test('a folder and each of its files are the same slide', { skip }, async (t) => {
  const folder = join(data!, 'dicom/cmu1-small');
  const { info } = await open(t, folder);
  for (const name of readdirSync(folder)) assert.deepEqual((await open(t, join(folder, name))).info, info);
});

test('uncompressed frames, in every way to write a data set', async (t) => {
  const forms: Partial<DicomPicture>[] = [
    {},
    { delimited: true },
    { transferSyntax: syntax.implicit },
    { transferSyntax: syntax.implicit, delimited: true, sparse: { missing: [] } },
    { planar: true },
    { sparse: { missing: [] } },
  ];
  for (const form of forms) {
    const slide = await open(t, await write(t, { ...size, ...form }));
    assert.deepEqual(slide.info.mpp, { x: 0.5, y: 0.5 });
    assert.equal(slide.info.objective, 20);
    await assertPixels(slide, coordinates);
  }
});

test('compressed frames, with each kind of offset table and in fragments', async (t) => {
  const forms: Partial<DicomPicture>[] = [
    {},
    { offsets: 'none' },
    { offsets: 'extended' },
    { fragments: 3 },
    { fragments: 3, offsets: 'none' },
    // Not a multiple of 16, which TIFF tiles would have to be.
    { tileWidthPx: 40, tileHeightPx: 24 },
  ];
  for (const form of forms) {
    const slide = await open(t, await write(t, { ...size, transferSyntax: syntax.jpeg, paint: blocks, ...form }));
    await assertPixels(slide, blocks, 'tileWidthPx' in form ? 40 : 3);
    const stored = await storedTile(slide, 0, 1, 1);
    assert.ok(stored);
    const { tileWidthPx, tileHeightPx } = slide.info.levels[0]!;
    const at = { x: tileWidthPx, y: tileHeightPx, widthPx: tileWidthPx, heightPx: tileHeightPx, downsample: 1 };
    const { data: region } = await slide.region(at);
    const { data: tile } = await decodeRgb((await slide.tile(0, 1, 1)).bytes);
    for (const [i, value] of tile.entries()) assert.equal(value, region[i]!);
  }
});

test('JPEG 2000 frames', async (t) => {
  for (const fragments of [1, 2]) {
    const slide = await open(t, await write(t, { ...size, transferSyntax: syntax.jpeg2000, fragments }));
    assert.equal(slide.info.levels[0]!.compression, 'jpeg2000');
    assert.equal(await storedTile(slide, 0, 0, 0), null);
    await assertPixels(slide, coordinates);
  }
});

test('a tile that a sparse picture leaves out is white', async (t) => {
  const slide = await open(t, await write(t, { ...size, sparse: { missing: [5] } }));
  await assertPixels(slide, (x, y) => (x >> 5 === 1 && y >> 4 === 1 ? [255, 255, 255] : coordinates(x, y)));
});

test('of several focal planes the middle one is shown', async (t) => {
  for (const sparse of [undefined, { missing: [] }]) {
    const slide = await open(t, await write(t, { ...size, focalPlanes: 3, ...(sparse && { sparse }) }));
    await assertPixels(slide, (x, y) => [x, y, 1]);
  }
});

test('any focal plane can be opened; the fingerprint is that of the slide', async (t) => {
  for (const sparse of [undefined, { missing: [] }]) {
    const picture = { ...size, focalPlanes: 3, planesUm: { first: 2, step: 1.5 }, ...(sparse && { sparse }) };
    const path = await write(t, picture);
    const shown = await open(t, path);
    assert.deepEqual(shown.info.focalPlanes, { offsetsUm: [2, 3.5, 5], shown: 1 });
    for (const focalPlane of [0, 1, 2]) {
      const slide = await open(t, path, { focalPlane });
      assert.equal(slide.info.fingerprint, shown.info.fingerprint);
      assert.equal(slide.info.focalPlanes.shown, focalPlane);
      await assertPixels(slide, (x, y) => [x, y, focalPlane]);
    }
    for (const focalPlane of [3, -1, 0.5])
      await assert.rejects(open(t, path, { focalPlane }), { code: 'slide/no-such-part', kind: 'missing' });
  }
});

test('where heights lie around the focus the plane nearest to it is shown', async (t) => {
  const slide = await open(t, await write(t, { ...size, focalPlanes: 4, planesUm: { first: -6, step: 2 } }));
  assert.deepEqual(slide.info.focalPlanes, { offsetsUm: [-6, -4, -2, 0], shown: 3 });
  await assertPixels(slide, (x, y) => [x, y, 3]);
  const unknown = await open(t, await write(t, { ...size, focalPlanes: 4 }));
  assert.deepEqual(unknown.info.focalPlanes, { offsetsUm: [null, null, null, null], shown: 1 });
});

test('an overview of one plane stands above every plane of the slide', async (t) => {
  const folder = await write(
    t,
    { ...size, focalPlanes: 3, uid: '2.25.11' },
    { widthPx: 50, heightPx: 25, spacingMm: 0.001, focalPlanes: 1, uid: '2.25.12' },
  );
  const slide = await open(t, folder, { focalPlane: 2 });
  await assertPixels(slide, (x, y) => [x, y, 2]);
  const { data } = await slide.region({ x: 0, y: 0, widthPx: 1, heightPx: 1, downsample: 2 });
  assert.equal(data[2], 0);
});

test('overview levels that are made belong to one focal plane', async (t) => {
  const long = { widthPx: 1280, heightPx: 16, focalPlanes: 2 };
  const path = await write(t, long);
  const cacheFolder = tempFolder(t);
  for (const focalPlane of [0, 1, 0]) {
    const slide = await openSlide(path, { cacheFolder, focalPlane });
    t.after(() => slide.close());
    assert.equal(slide.info.levels[1]?.compression, 'made');
    const { data } = await slide.region({ x: 0, y: 0, widthPx: 4, heightPx: 4, downsample: 4 });
    assert.ok(Math.abs(data[2]! - focalPlane) < 1, `plane ${focalPlane} is ${data[2]}`);
  }
});

test('files of a series are levels, parts of a level and pictures beside it', async (t) => {
  const label = { widthPx: 30, heightPx: 20, tileWidthPx: 30, tileHeightPx: 20, kind: 'LABEL' };
  const folder = await write(
    t,
    { widthPx: 50, heightPx: 25, spacingMm: 0.001 },
    label,
    { ...size, part: { from: 6, to: 16 } },
    { ...size, part: { from: 0, to: 6 } },
  );
  const slide = await open(t, folder);
  assert.deepEqual(
    slide.info.levels.map(({ downsample, compression }) => [downsample, compression]),
    [
      [1, 'none'],
      [2, 'none'],
    ],
  );
  await assertPixels(slide, coordinates);
  assert.deepEqual(slide.info.associated, ['label']);
  assert.equal((await slide.associated('label')).data.length, 30 * 20 * 3);
});

test('a folder of two slides asks for a file, which opens its own slide only', async (t) => {
  const folder = await write(t, size, { widthPx: 60, heightPx: 40, series: '2.25.200' });
  await refused(folder, 'slide/several');
  const slide = await open(t, join(folder, '1.dcm'));
  assert.deepEqual([slide.info.widthPx, slide.info.levels.length], [60, 1]);
});

test('the fingerprint follows every file of the slide', async (t) => {
  const small = { widthPx: 50, heightPx: 25 };
  const fingerprintOf = async (...pictures: DicomPicture[]) =>
    (await open(t, await write(t, ...pictures))).info.fingerprint;
  const one = await fingerprintOf(size, small);
  assert.equal(await fingerprintOf(size, small), one);
  assert.notEqual(await fingerprintOf(size), one);
  assert.notEqual(await fingerprintOf(size, { ...small, paint: blocks }), one);
});

test('tiles come through the pool as they are stored', async (t) => {
  const jpeg = { transferSyntax: syntax.jpeg, paint: blocks };
  const folder = await write(t, { ...size, ...jpeg }, { widthPx: 50, heightPx: 25, ...jpeg });
  const cacheFolder = tempFolder(t);
  const pool = createSlidePool({
    startProcess,
    processes: 1,
    deadlineMs: 30_000,
    cacheFolder,
  });
  t.after(() => pool.close());
  const slide = await open(t, folder);
  for (const path of [folder, join(folder, '0.dcm')])
    for (const level of [0, 1]) {
      const { bytes } = await pool.tile(path, { level, x: 0, y: 0 });
      assert.ok(await storedTile(slide, level, 0, 0));
      assert.ok(Buffer.from((await slide.tile(level, 0, 0)).bytes).equals(bytes), `level ${level} of ${path}`);
    }
});

async function refused(path: string, code: string): Promise<EosinError> {
  const thrown: unknown = await openSlide(path, { cacheFolder: join(tmpdir(), 'eosin-test-unused') }).then(
    async (slide) => slide.close(),
    (error) => error,
  );
  assert.ok(thrown instanceof EosinError, `opened without ${code}: ${thrown}`);
  assert.deepEqual([thrown.code, thrown.kind], [code, 'input'], thrown.message);
  assert.ok(thrown.remedy.length > 20);
  return thrown;
}

test('a damaged stranger beside the file does not matter', async (t) => {
  const folder = await write(t, size);
  const stranger = Buffer.from(await writeDicom({ ...size, series: '2.25.200' }));
  writeFileSync(join(folder, 'stranger.dcm'), stranger.subarray(0, 300));
  const slide = await open(t, join(folder, '0.dcm'));
  await assertPixels(slide, coordinates);
  assert.equal((await refused(folder, 'slide/truncated')).fields.file, 'stranger.dcm');
});

test('what is no DICOM slide says so', async (t) => {
  const empty = tempFolder(t);
  await refused(empty, 'slide/not-dicom');
  mkdirSync(join(empty, 'inner.dcm'));
  writeFileSync(join(empty, 'notes.dcm'), 'These are notes.');
  await refused(empty, 'slide/not-dicom');
  await refused(await write(t, { ...size, kind: 'LABEL' }), 'slide/unsupported');
  const scan = await write(t, { ...size, elements: [{ tag: 0x00080016, vr: 'UI', value: '1.2.3' }] });
  await refused(scan, 'slide/not-dicom');
  assert.equal((await refused(join(scan, '0.dcm'), 'slide/unsupported')).fields.sopClass, '1.2.3');
});

const deep = (depth: number): Element => ({
  tag: 0x00480105,
  vr: 'SQ',
  value: depth === 0 ? [] : [[deep(depth - 1)]],
});

const hostile: { what: string; elements: Element[]; code: string; form?: Partial<DicomPicture> }[] = [
  { what: '16 bits', elements: [{ tag: 0x00280100, vr: 'US', value: 16 }], code: 'slide/unsupported' },
  { what: 'palette', elements: [{ tag: 0x00280004, vr: 'CS', value: 'PALETTE COLOR' }], code: 'slide/unsupported' },
  { what: 'JPEG-LS', elements: [], form: { transferSyntax: '1.2.840.10008.1.2.4.80' }, code: 'slide/unsupported' },
  { what: 'deflated', elements: [], form: { transferSyntax: '1.2.840.10008.1.2.1.99' }, code: 'slide/unsupported' },
  { what: 'no width', elements: [{ tag: 0x00480006, vr: 'UL', value: 0 }], code: 'slide/structure' },
  { what: 'huge width', elements: [{ tag: 0x00480006, vr: 'UL', value: 0xffffffff }], code: 'slide/structure' },
  { what: 'wider than its tiles', elements: [{ tag: 0x00480006, vr: 'UL', value: 5000 }], code: 'slide/structure' },
  { what: 'no tile', elements: [{ tag: 0x00280010, vr: 'US', value: 0 }], code: 'slide/structure' },
  { what: 'huge tile', elements: [{ tag: 0x00280011, vr: 'US', value: 65535 }], code: 'slide/truncated' },
  { what: 'many frames', elements: [{ tag: 0x00280008, vr: 'IS', value: '999999999' }], code: 'slide/structure' },
  {
    what: 'frames behind the end',
    elements: [{ tag: 0x00280008, vr: 'IS', value: '160000' }],
    code: 'slide/truncated',
  },
  { what: 'millions of frames', elements: [{ tag: 0x00280008, vr: 'IS', value: '19999999' }], code: 'slide/truncated' },
  { what: 'no frames', elements: [{ tag: 0x00280008, vr: 'IS', value: '0' }], code: 'slide/structure' },
  {
    what: 'an element behind the end',
    elements: [{ tag: 0x00091001, vr: 'UN', value: new Uint8Array(4), claimedLength: 0x7fffffff }],
    code: 'slide/truncated',
  },
  {
    what: 'an element without length',
    elements: [{ tag: 0x00091001, vr: 'OB', value: new Uint8Array(4), claimedLength: 0xffffffff }],
    code: 'slide/structure',
  },
  {
    what: 'an element longer than its item',
    elements: [
      { tag: 0x00480105, vr: 'SQ', value: [[{ tag: 0x00480112, vr: 'DS', value: '20', claimedLength: 500 }]] },
    ],
    code: 'slide/structure',
  },
  { what: 'a deep nest', elements: [deep(40)], code: 'slide/structure' },
  { what: 'a deep nest of open ends', elements: [deep(400)], form: { delimited: true }, code: 'slide/structure' },
  {
    what: 'a frame outside',
    elements: [],
    form: { sparse: { missing: [] }, widthPx: 64, elements: [{ tag: 0x00480006, vr: 'UL', value: 32 }] },
    code: 'slide/structure',
  },
  {
    what: 'frames off the grid',
    elements: [{ tag: 0x00280011, vr: 'US', value: 31 }],
    form: { sparse: { missing: [] } },
    code: 'slide/unsupported',
  },
  { what: 'a missing part', elements: [], form: { part: { from: 4, to: 16 } }, code: 'slide/structure' },
  {
    what: 'offsets behind the end',
    elements: [{ tag: 0x7fe00001, vr: 'OV', value: new Uint8Array(16 * 8).fill(127) }],
    form: { transferSyntax: syntax.jpeg, offsets: 'extended' },
    code: 'slide/truncated',
  },
  {
    what: 'too few offsets',
    elements: [{ tag: 0x7fe00001, vr: 'OV', value: new Uint8Array(8) }],
    form: { transferSyntax: syntax.jpeg, offsets: 'extended' },
    code: 'slide/structure',
  },
  {
    what: 'more frames than fragments',
    elements: [{ tag: 0x00280008, vr: 'IS', value: '17' }],
    form: { transferSyntax: syntax.jpeg, offsets: 'none' },
    code: 'slide/structure',
  },
];

for (const { what, elements, code, form } of hostile)
  test(`refused with its reason: ${what}`, async (t) => {
    const thrown = await refused(await write(t, { ...size, elements, ...form }), code);
    assert.ok(Object.keys(thrown.fields).length > 0);
  });

test('a JPEG frame of another size than the tile is damage, not memory', async (t) => {
  // The first is decoded by itself, the second as a TIFF tile; four rows of frames, as many as the file has.
  for (const rows of [17, 32]) {
    const elements: Element[] = [
      { tag: 0x00280010, vr: 'US', value: rows },
      { tag: 0x00480007, vr: 'UL', value: rows * 4 },
    ];
    const slide = await open(t, await write(t, { ...size, transferSyntax: syntax.jpeg, elements }));
    await assert.rejects(whole(slide), (thrown: EosinError) => thrown.code === 'slide/damaged-tile');
  }
});

test('a file that is damaged anywhere ends in pixels or in a typed error', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'slide.dcm');
  const sound = [
    await writeDicom({ ...size, sparse: { missing: [3] }, delimited: true }),
    await writeDicom({ ...size, transferSyntax: syntax.jpeg }),
    await writeDicom({ ...size, transferSyntax: syntax.implicit }),
    await writeDicom({ ...size, transferSyntax: syntax.jpeg2000 }),
  ];
  const damage = fc.record({
    file: fc.constantFrom(...sound),
    // The first part of a file is its structure.
    flips: fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), to: fc.nat(255) }), { maxLength: 4 }),
    structureOnly: fc.boolean(),
    cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(damage, async ({ file, flips, structureOnly, cut }) => {
      const bytes = Buffer.from(file);
      const reach = structureOnly ? Math.min(3000, bytes.length) : bytes.length;
      for (const { at, to } of flips) bytes[132 + Math.floor(at * (reach - 133))] = to;
      writeFileSync(path, cut === null ? bytes : bytes.subarray(0, 132 + Math.floor(cut * (bytes.length - 132))));
      try {
        const slide = await openSlide(path, { cacheFolder: folder });
        try {
          await slide.region({ x: 0, y: 0, ...size, downsample: 1 });
        } finally {
          await slide.close();
        }
      } catch (thrown) {
        if (!(thrown instanceof EosinError)) throw thrown;
      }
    }),
    { numRuns: 300 },
  );
});

test('a damaged file of the slide is not passed over', { skip }, async (t) => {
  const folder = tempFolder(t);
  const from = join(data!, 'dicom/cmu1-small');
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(folder, name));
  const [first] = readdirSync(folder);
  const bytes = readFileSync(join(folder, first!));
  writeFileSync(join(folder, first!), bytes.subarray(0, bytes.length - 5000));
  await refused(folder, 'slide/truncated');
});
