import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { EosinError } from '../../app/core/errors.ts';
import type { ColourMode } from '../../app/core/slide.ts';
import { decodeRgb } from '../../app/slides/image-codec.ts';
import { openSlide } from '../../app/slides/open-slide.ts';
import { createSlidePool } from '../../app/slides/slide-pool.ts';
import { startProcess } from '../../main/start-process.ts';
import { deltaE, labOfSrgb } from '../fixtures/colour-science.ts';
import { writeDicom } from '../fixtures/dicom-writer.ts';
import { type Triple, wideScanner, writeMatrixProfile, writeProfile } from '../fixtures/icc-writer.ts';
import { storedTile } from '../fixtures/stored-tile.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { type FixtureLevel, type Painter, writeSlide } from '../fixtures/tiff-writer.ts';
import { iccProfiles, labOfScanner } from './reference/icc-profiles.ts';

const reference = JSON.parse(readFileSync(new URL('reference/icc-patches.json', import.meta.url), 'utf8')) as {
  patches: Triple[];
  matrix: Triple[];
  table: Triple[];
};
const { patches } = reference;
/** 24 patches side by side, 6 x 4, each a tile. */
const patchPx = 64;
const paintPatches: Painter = (x, y) => patches[Math.floor(y / patchPx) * 6 + Math.floor(x / patchPx)]!;
const patchSlide: FixtureLevel = { widthPx: 6 * patchPx, heightPx: 4 * patchPx, tilePx: patchPx, paint: paintPatches };

async function writePatches(t: TestContext, profile: Uint8Array | null, level: Partial<FixtureLevel> = {}) {
  const path = join(tempFolder(t), 'patches.tif');
  const fields = profile ? [{ tag: 34_675, type: 7 as const, values: profile }] : [];
  await writeSlide(path, [{ ...patchSlide, ...level, fields }]);
  return path;
}

async function open(t: TestContext, path: string, colour?: ColourMode) {
  const slide = await openSlide(path, { cacheFolder: tempFolder(t), ...(colour && { colour }) });
  t.after(() => slide.close());
  return slide;
}

function middleOf(image: { data: Uint8Array }, patch: number): Triple {
  const x = (patch % 6) * patchPx + patchPx / 2;
  const y = Math.floor(patch / 6) * patchPx + patchPx / 2;
  const at = (y * 6 * patchPx + x) * 3;
  return [image.data[at]!, image.data[at + 1]!, image.data[at + 2]!];
}

const whole = { x: 0, y: 0, widthPx: 6 * patchPx, heightPx: 4 * patchPx, downsample: 1 };

for (const kind of ['matrix', 'table'] as const) {
  test(`24 patches of a ${kind} profile are within 1 of CIEDE2000 of Little CMS`, async (t) => {
    const path = await writePatches(t, iccProfiles[kind]);
    const shown = await (await open(t, path, 'srgb')).region(whole);
    const plain = await (await open(t, path)).region(whole);
    for (const [i, patch] of patches.entries()) {
      const difference = deltaE(labOfSrgb(middleOf(shown, i)), labOfSrgb(reference[kind][i]!));
      assert.ok(difference <= 1, `patch ${i} differs by ${difference}`);
      assert.deepEqual(middleOf(plain, i), patch, 'stored colours are not touched');
    }
  });
}

test('the patches are the colours that the profile says, computed apart from Little CMS', async (t) => {
  const shown = await (await open(t, await writePatches(t, iccProfiles.matrix), 'srgb')).region(whole);
  let inside = 0;
  for (const [i, patch] of patches.entries()) {
    const found = middleOf(shown, i);
    if (found.some((value) => value === 0 || value === 255)) continue;
    const meant = labOfScanner(patch.map((value) => value / 255) as unknown as Triple);
    const difference = deltaE(labOfSrgb(found), meant);
    assert.ok(difference <= 1, `patch ${i} differs by ${difference}`);
    inside++;
  }
  assert.ok(inside > 18);
  const [red, white] = [labOfSrgb([200, 30, 30]), labOfSrgb([255, 255, 255])];
  assert.ok(deltaE(red, white) > 40 && Math.abs(white[0] - 100) < 0.1 && deltaE(red, red) === 0);
});

test('CIEDE2000 gives the published numbers', () => {
  // Sharma, Wu and Dalal (2005), table 1.
  for (const [a, b, expected] of [
    [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
    [[50, 2.49, -0.001], [50, -2.49, 0.0009], 7.1792],
    [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
    [[2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082],
  ] as [Triple, Triple, number][])
    assert.ok(Math.abs(deltaE(a, b) - expected) < 1e-4, `${deltaE(a, b)} where ${expected} belongs`);
});

test('tiles, thumbnails and patches go through the profile as regions do; stored tiles are not handed on', async (t) => {
  const path = await writePatches(t, iccProfiles.matrix, { compression: 'jpeg' });
  const folder = tempFolder(t);
  const pool = createSlidePool({ startProcess, processes: 1, deadlineMs: 20_000, cacheFolder: folder });
  t.after(() => pool.close());
  const through = { path, colour: 'srgb' as const };
  const info = await pool.describe(path);
  assert.deepEqual(info.icc, { description: 'Made scanner', bytes: iccProfiles.matrix.length });
  assert.equal((await pool.describe(through)).fingerprint, info.fingerprint);
  const region = await pool.region(through, whole);
  const near = (found: Triple, wanted: Triple, by: number, what: string): void =>
    assert.ok(
      found.every((value, c) => Math.abs(value - wanted[c]!) <= by),
      `${what}: ${found} where ${wanted} belongs`,
    );
  const file = join(folder, 'cut.rgb');
  const at = patches.map((_, i) => ({
    x: (i % 6) * patchPx + 16,
    y: Math.floor(i / 6) * patchPx + 16,
    offset: i * 32 * 32 * 3,
  }));
  await pool.cutPatches(through, { file, sizePx: 32, downsample: 1, patches: at });
  const cut = readFileSync(file);
  const thumbnail = await decodeRgb(await pool.thumbnail(through, whole.widthPx));
  for (const [i, wanted] of reference.matrix.entries()) {
    near(middleOf(region, i), wanted, 4, `region of patch ${i}`);
    near(middleOf(thumbnail, i), wanted, 6, `thumbnail of patch ${i}`);
    const first = (i * 32 * 32 + 528) * 3;
    near([cut[first]!, cut[first + 1]!, cut[first + 2]!], wanted, 4, `cut of patch ${i}`);
    const tile = await decodeRgb((await pool.tile(through, { level: 0, x: i % 6, y: Math.floor(i / 6) })).bytes);
    near([tile.data[6240]!, tile.data[6241]!, tile.data[6242]!], wanted, 6, `tile of patch ${i}`);
  }
  const stored = await decodeRgb((await pool.tile(path, { level: 0, x: 0, y: 0 })).bytes);
  near([stored.data[6240]!, stored.data[6241]!, stored.data[6242]!], patches[0]!, 2, 'stored tile');
  assert.equal(await storedTile(await open(t, path, 'srgb'), 0, 0, 0), null);
  assert.ok(await storedTile(await open(t, path), 0, 0, 0));
});

test('DICOM, striped TIFF, PNG and JPEG carry profiles too', async (t) => {
  const folder = tempFolder(t);
  const profile = iccProfiles.matrix;
  const at = (name: string): string => join(folder, name);
  const opticalPath = {
    tag: 0x00480105,
    vr: 'SQ',
    value: [[{ tag: 0x00282000, vr: 'OB', value: profile }]],
  };
  const paint: Painter = () => patches[0]!;
  writeFileSync(at('slide.dcm'), await writeDicom({ widthPx: 64, heightPx: 32, paint, elements: [opticalPath] }));
  const [r, g, b] = patches[0]!;
  const create = { width: 64, height: 32, channels: 3 as const, background: { r, g, b } };
  writeFileSync(at('scanner.icc'), profile);
  const picture = () => sharp({ create }).withIccProfile(at('scanner.icc'), { attach: true });
  await picture().png().toFile(at('picture.png'));
  await picture().jpeg({ quality: 100 }).toFile(at('picture.jpg'));
  await picture().tiff({ compression: 'lzw' }).toFile(at('picture.tif'));
  for (const name of ['slide.dcm', 'picture.png', 'picture.jpg', 'picture.tif']) {
    const plain = await open(t, at(name));
    assert.deepEqual(plain.info.icc, { description: 'Made scanner', bytes: profile.length }, name);
    const box = { x: 20, y: 10, widthPx: 1, heightPx: 1, downsample: 1 };
    const [stored, shown] = [await plain.region(box), await (await open(t, at(name), 'srgb')).region(box)];
    // sharp wrote the pictures' px through the profile; what they hold is what has to come back to the colour asked for.
    const wanted = name === 'slide.dcm' ? reference.matrix[0]! : patches[0]!;
    const difference = deltaE(labOfSrgb([...shown.data] as unknown as Triple), labOfSrgb(wanted));
    assert.ok(difference <= 1.5, `${name} differs by ${difference}`);
    assert.ok(deltaE(labOfSrgb([...stored.data] as unknown as Triple), labOfSrgb(wanted)) > 4, name);
  }
});

test('what is no usable profile is none, and says why; its slide opens all the same', async (t) => {
  const good = writeMatrixProfile(wideScanner);
  const bent = (change: (profile: Buffer) => void): Buffer => {
    const copy = Buffer.from(good);
    change(copy);
    return copy;
  };
  const table: [string, Uint8Array, RegExp][] = [
    ['too large', Buffer.concat([good, Buffer.alloc(4 * 2 ** 20)]), /larger than 4 MiB/],
    ['random', Buffer.alloc(600, 7), /no ICC profile/],
    ['short', good.subarray(0, 100), /no ICC profile/],
    ['cut off', good.subarray(0, 300), /cut off/],
    ['for print', bent((p) => p.write('CMYK', 16)), /not for RGB/],
    ['a link', bent((p) => p.write('link', 12)), /not the profile of a device/],
    ['an unknown space', bent((p) => p.write('Luv ', 20)), /connection space/],
    ['too many tags', bent((p) => p.writeUInt32BE(5000, 128)), /tags are none/],
    ['a tag outside', bent((p) => p.writeUInt32BE(0x7fff_ffff, 136)), /outside of it/],
    ['no curves', writeProfile('XYZ ', {}), /does not say what its colours are/],
  ];
  for (const [what, profile, why] of table) {
    const path = await writePatches(t, profile);
    const slide = await open(t, path);
    assert.equal(slide.info.icc, null, what);
    assert.match(slide.info.properties['icc.not-used'] ?? '', why, what);
    await assert.rejects(open(t, path, 'srgb'), { code: 'slide/no-profile', kind: 'input' });
  }
  const bare = await open(t, await writePatches(t, null));
  assert.deepEqual([bare.info.icc, bare.info.properties['icc.not-used']], [null, undefined]);
  await assert.rejects(open(t, await writePatches(t, null), 'srgb'), { code: 'slide/no-profile' });
});

test('a profile that only Little CMS finds broken is an error, not colours as scanned', async (t) => {
  const broken = Buffer.from(writeMatrixProfile(wideScanner));
  const curve = broken.indexOf('curv');
  broken.writeUInt32BE(0xffff_fff0, curve + 8);
  const slide = await open(t, await writePatches(t, broken), 'srgb');
  await assert.rejects(slide.region(whole), { code: 'slide/no-profile' });
});

test('sRGB itself as a profile changes nothing and is allowed', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'srgb.png');
  await sharp({ create: { width: 32, height: 32, channels: 3, background: { r: 200, g: 120, b: 40 } } })
    .withIccProfile('srgb')
    .png()
    .toFile(path);
  const { data } = await (await open(t, path, 'srgb')).region({ ...whole, widthPx: 32, heightPx: 32 });
  assert.deepEqual([...data.subarray(0, 3)], [200, 120, 40]);
});

test('bent profiles end in pixels or a typed error', async (t) => {
  const path = await writePatches(t, iccProfiles.table, { widthPx: 64, heightPx: 64 });
  const cacheFolder = tempFolder(t);
  const file = readFileSync(path);
  const start = file.indexOf(iccProfiles.table);
  const { length } = iccProfiles.table;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      async (changes, nearHead) => {
        const bent = Buffer.from(file);
        for (const [at, value] of changes) bent[start + (nearHead ? at % 240 : at)] = value;
        writeFileSync(path, bent);
        try {
          const slide = await openSlide(path, { cacheFolder, colour: 'srgb' });
          try {
            assert.equal((await slide.region({ ...whole, widthPx: 64, heightPx: 64 })).data.length, 64 * 64 * 3);
          } finally {
            await slide.close();
          }
        } catch (thrown) {
          assert.ok(thrown instanceof EosinError, String(thrown));
        }
      },
    ),
    { numRuns: 60 },
  );
});
