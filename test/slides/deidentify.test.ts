import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { copySlide } from '../../app/slides/deidentify/copy-slide.ts';
import { openSlide } from '../../app/slides/open-slide.ts';
import { syntax } from '../fixtures/dicom-writer.ts';
import { makeNamedDicom, makeNamedSlides, type NamedSlide } from '../fixtures/named-slides.ts';
import { hasOpenSlide, openSlideRgb } from '../fixtures/openslide.ts';
import { storedTile } from '../fixtures/stored-tile.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { levelDirectory, writeTiff } from '../fixtures/tiff-writer.ts';

const data = process.env.EOSIN_DATA;
const encodings = ['utf8', 'latin1', 'utf16le', 'utf16be'] as const;

/** Which names stand in the bytes, in any encoding. */
function standing(bytes: Buffer, names: readonly string[]): string[] {
  return names.filter((name) =>
    encodings.some((encoding) => {
      const raw = Buffer.from(name, encoding === 'utf16be' ? 'utf16le' : encoding);
      return bytes.includes(encoding === 'utf16be' ? raw.swap16() : raw);
    }),
  );
}

function filesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

async function copy(t: TestContext, path: string, name: string, user = 'Zquser77Xv') {
  const folder = join(tempFolder(t), 'out');
  mkdirSync(folder);
  const steps: number[] = [];
  const report = await copySlide(path, { folder, name, user }, (progress) => progress && steps.push(progress.done));
  const files = filesBelow(folder);
  return { report, steps, files, path: report.isFolder ? folder : join(folder, name) };
}

/** The slide and its copy, tile by tile as stored where they are JPEG, and every level as pixels. */
async function assertSamePixels(t: TestContext, path: string, copied: string): Promise<void> {
  const cacheFolder = tempFolder(t);
  const [one, other] = [await openSlide(path, { cacheFolder }), await openSlide(copied, { cacheFolder })];
  t.after(() => Promise.all([one.close(), other.close()]));
  const { fingerprint: _, properties: __, associated: ___, icc, ...info } = one.info;
  const { fingerprint, properties, associated, icc: copiedIcc, ...copiedInfo } = other.info;
  assert.deepEqual(copiedInfo, info);
  assert.equal(copiedIcc === null, icc === null);
  // OpenSlide opens no SCN without a macro picture: a white one stands in its place.
  assert.deepEqual(associated, info.format === 'scn' ? ['macro'] : []);
  assert.ok(fingerprint && properties);
  for (const { downsample, widthPx, heightPx } of info.levels) {
    const request = { x: 0, y: 0, widthPx, heightPx, downsample };
    const [a, b] = [await one.region(request), await other.region(request)];
    assert.ok(Buffer.from(a.data).equals(Buffer.from(b.data)), `level of ${widthPx} px`);
  }
}

describe('no name of a slide stands in its copy, and its pixels do', () => {
  let slides: Record<string, NamedSlide>;
  before(async () => {
    slides = await makeNamedSlides();
  });
  for (const file of [
    ...['aperio.svs', 'generic.tif', 'big.tif', 'big-endian.tif'],
    ...['pyramid.ome.tif', 'philips.tif', 'regions.scn', 'scan.qptiff'],
  ])
    test(file, async (t) => {
      const { bytes, names } = slides[file]!;
      // The scanner writes the file's own name and folder into its tags.
      const place = join(tempFolder(t), 'ZqFolder98Xv');
      mkdirSync(place);
      const path = join(place, `ZqFile99Xv-${file}`);
      writeFileSync(path, bytes);
      assert.deepEqual(standing(bytes, names), names, 'every name is planted');
      const { report, files, path: copied, steps } = await copy(t, path, `clean-${file}`);
      assert.deepEqual(files, [copied]);
      const out = readFileSync(copied);
      assert.deepEqual(standing(out, [...names, 'ZqFile99Xv', 'ZqFolder98Xv', 'Zquser77Xv']), []);
      assert.equal(report.bytes, out.length);
      assert.ok(report.searched.values >= names.length * 0.7, `${report.searched.values} of ${names.length}`);
      assert.ok(steps.length > 0);
      assert.deepEqual(standing(Buffer.from(JSON.stringify(report)), names), [], 'the report names tags, not values');
      await assertSamePixels(t, path, copied);
    });
});

test('an Aperio copy keeps the numbers of its description and says what was taken out', async (t) => {
  const path = join(tempFolder(t), 'a.svs');
  writeFileSync(path, (await makeNamedSlides())['aperio.svs']!.bytes);
  const { report, path: copied } = await copy(t, path, 'clean.svs');
  assert.deepEqual([...report.pictures].sort(), ['label', 'macro', 'thumbnail']);
  for (const name of ['Aperio User', 'Aperio Barcode', 'Artist', 'XMP', 'Exif', 'ICC profile', 'comment in a tile'])
    assert.ok(report.removed.includes(name), name);
  const slide = await openSlide(copied, { cacheFolder: tempFolder(t) });
  t.after(() => slide.close());
  assert.deepEqual(slide.info.properties, {
    'aperio.header': 'Aperio Image Library v11.2.1\r\n200x150 [0,0 200x150] (64x64) JPEG/RGB Q=30',
    'aperio.AppMag': '20',
    'aperio.MPP': '0.4990',
    'aperio.Left': '25.691574',
    'aperio.StripeWidth': '2040',
  });
  assert.equal(slide.info.icc?.description, 'Scanner profile');
});

test('stored tiles of a real slide are copied to the byte, and OpenSlide sees the same pixels', {
  skip: data ? false : 'EOSIN_DATA is not set',
}, async (t) => {
  const path = join(data!, 'slides', 'CMU-1-Small-Region.svs');
  const { path: copied, report } = await copy(t, path, 'clean.svs');
  const cacheFolder = tempFolder(t);
  const [one, other] = [await openSlide(path, { cacheFolder }), await openSlide(copied, { cacheFolder })];
  t.after(() => Promise.all([one.close(), other.close()]));
  const [from, to] = [readFileSync(path), readFileSync(copied)];
  let tiles = 0;
  for (let y = 0; y < 12; y++)
    for (let x = 0; x < 9; x++) {
      const [a, b] = [await storedTile(one, 0, x, y), await storedTile(other, 0, x, y)];
      assert.ok(a && b && Buffer.from(a.bytes).equals(b.bytes));
      tiles++;
    }
  assert.equal(tiles, 108);
  assert.deepEqual(standing(to, ['CMU-1', 'CPAPERIOCS', 'b414003d', '12/29/09', 'USM Filter', '1004486']), []);
  assert.ok(report.bytes < from.length, 'label, macro and thumbnail are gone');
  if (!hasOpenSlide()) return t.diagnostic('python3-openslide is not installed');
  const whole = { level: 0, x: 0, y: 0, width: 2220, height: 2967 };
  assert.ok(openSlideRgb(path, whole).equals(openSlideRgb(copied, whole)));
});

describe('DICOM: no name stands in any file of the copy', () => {
  for (const [name, transferSyntax] of Object.entries(syntax))
    test(name, async (t) => {
      const { files, names } = await makeNamedDicom(transferSyntax);
      const folder = tempFolder(t);
      for (const [file, bytes] of Object.entries(files)) writeFileSync(join(folder, file), bytes);
      assert.deepEqual(standing(Buffer.concat(Object.values(files)), names), names, 'every name is planted');
      const { report, files: written, path: copied } = await copy(t, folder, 'clean');
      assert.deepEqual(report.files, ['level-1.dcm', 'level-2.dcm', 'level-3.dcm']);
      assert.deepEqual(report.pictures, ['label']);
      const out = Buffer.concat(written.map((file) => readFileSync(file)));
      assert.deepEqual(standing(out, [...names, '1.2.3.4.5678']), []);
      assert.ok(report.removed.includes('PatientName') && report.removed.includes('SOPInstanceUID'));
      await assertSamePixels(t, folder, copied);
      // One file of the series stands for all of it.
      assert.equal((await copy(t, join(folder, 'b.dcm'), 'clean')).report.files.length, 3);
      await assert.rejects(copy(t, folder, 'clean.dcm'), { code: 'deidentify/several-files' });
    });
  test('new identifiers are the same wherever the old ones were the same', async (t) => {
    const { files } = await makeNamedDicom();
    const folder = tempFolder(t);
    for (const [file, bytes] of Object.entries(files)) writeFileSync(join(folder, file), bytes);
    const { files: written } = await copy(t, folder, 'clean');
    const uids = written.map((file): string[] => readFileSync(file, 'latin1').match(/2\.25\.\d{20,40}/g) ?? []);
    assert.equal(new Set(uids.map((each) => each[0])).size, 3, 'each file has an identifier of its own');
    const shared = uids[0]!.filter((uid) => uids.every((each) => each.includes(uid)));
    // Study, series, frame of reference, specimen, and this program's own.
    assert.ok(new Set(shared).size >= 5, JSON.stringify(uids));
  });
  test('a level with a text burned in is not copied', async (t) => {
    const { files } = await makeNamedDicom();
    const folder = tempFolder(t);
    const says = Buffer.from([0x28, 0, 1, 3, 0x43, 0x53, 4, 0, ...Buffer.from('YES ')]);
    const bytes = files['a.dcm']!;
    // Before (0028,2110) stands nothing higher: behind the pixel's representation.
    const at = bytes.indexOf(Buffer.from([0x28, 0, 3, 1, 0x55, 0x53, 2, 0])) + 10;
    writeFileSync(join(folder, 'a.dcm'), Buffer.concat([bytes.subarray(0, at), says, bytes.subarray(at)]));
    writeFileSync(join(folder, 'b.dcm'), files['b.dcm']!);
    await assert.rejects(copy(t, folder, 'clean'), { code: 'deidentify/unsupported' });
  });
});

describe('refused with a way out', () => {
  const refused = async (t: TestContext, file: string, bytes: Uint8Array, code: string): Promise<void> => {
    const path = join(tempFolder(t), file);
    writeFileSync(path, bytes);
    await assert.rejects(copy(t, path, `clean-${file}`), (thrown: { code: string; remedy: string }) => {
      assert.equal(thrown.code, code);
      assert.match(thrown.remedy, /\S/);
      return true;
    });
  };
  test('a PNG', async (t) => {
    const png = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
      'base64',
    );
    await refused(t, 'a.png', png, 'deidentify/unsupported');
  });
  test('tiles that lie over each other', async (t) => {
    const directory = await levelDirectory({ widthPx: 640, heightPx: 640, paint: () => [1, 2, 3] });
    const file = writeTiff([directory]);
    // Each tile claims to begin 16 bytes behind the one before and to run to the end of the file.
    const entry = (tag: number): number => file.indexOf(Buffer.from([tag & 255, tag >> 8, 4, 0, 100, 0, 0, 0]));
    const [offsets, counts] = [file.readUInt32LE(entry(324) + 8), file.readUInt32LE(entry(325) + 8)];
    for (let i = 0; i < 100; i++) {
      file.writeUInt32LE(8 + i * 16, offsets + i * 4);
      file.writeUInt32LE(64 * 64 * 3 * 20, counts + i * 4);
    }
    await refused(t, 'overlap.tif', file, 'slide/structure');
  });
});

test('a name of the copy that holds what was taken out is told', async (t) => {
  const { bytes, names } = (await makeNamedSlides())['aperio.svs']!;
  const path = join(tempFolder(t), 'a.svs');
  writeFileSync(path, bytes);
  const user = names.find((name) => name.startsWith('ZqUser'))!;
  assert.deepEqual((await copy(t, path, `study-${user.toLowerCase()}.svs`)).report.inName, ['Aperio User']);
  assert.deepEqual((await copy(t, path, 'study-1.svs')).report.inName, []);
  assert.ok(!existsSync(join(path, 'study-1.svs')));
});
