import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import type { SlideInfo } from '../../app/core/slide.ts';
import { writeDicom } from '../fixtures/dicom-writer.ts';
import { wideScanner, writeMatrixProfile } from '../fixtures/icc-writer.ts';
import { type Bench, documentOf, openBench } from './fixtures/run-eosin.ts';

let bench: Bench;
before(() => {
  bench = openBench();
});
after(() => bench.close());

const data = process.env.EOSIN_DATA;
const skip = data ? false : 'EOSIN_DATA is not set';

/** First line and rows of the table, spaces told as one. */
async function saidOf(path: string) {
  const { code, stdout, stderr } = await bench.eosin('info', path);
  assert.equal(code, 0, stderr);
  const lines = stdout.split('\n').map((line) => line.trim().replace(/ +/g, ' '));
  const beside = lines.find((line) => line.startsWith('Stored beside it: '));
  return [lines[0], ...lines.filter((line) => /^\d+ \d+ x \d+ /.test(line)), beside];
}

const expected: Record<string, readonly string[]> = {
  'slides/CMU-1-Small-Region.svs': [
    'svs (aperio), 2220 x 2967 px, 0.499 x 0.499 µm/px, objective 20',
    '0 2220 x 2967 1.00 240 x 240 jpeg',
    '1 555 x 742 4.00 256 x 256 made',
    'Stored beside it: thumbnail, label, macro',
  ],
  'slides/boxes.tiff': [
    'tiff (generic-tiff), 300 x 250 px, µm/px unknown, objective unknown',
    '0 300 x 250 1.00 64 x 64 deflate',
    '1 150 x 125 2.00 64 x 64 deflate',
    '2 75 x 62 4.00 64 x 64 deflate',
    '3 37 x 31 8.00 64 x 64 deflate',
    'Stored beside it: nothing',
  ],
  'slides/small.svs': [
    'svs (aperio), 16 x 16 px, 0.499 x 0.499 µm/px, objective 20',
    '0 16 x 16 1.00 64 x 64 jpeg',
    'Stored beside it: thumbnail',
  ],
  'dicom/camelyon_jpeg.dcm': [
    'dicom (dicom), 1152 x 700 px, 28.969 x 28.968 µm/px, objective unknown',
    '0 1152 x 700 1.00 256 x 256 jpeg',
    '1 288 x 175 4.00 256 x 256 made',
    'Stored beside it: nothing',
  ],
  'dicom/cmu1-small': [
    'dicom (dicom), 2220 x 2967 px, 0.499 x 0.499 µm/px, objective unknown',
    '0 2220 x 2967 1.00 240 x 240 jpeg',
    '1 555 x 742 4.00 256 x 256 made',
    'Stored beside it: label, macro, thumbnail',
  ],
  'dicom/sm_image.dcm': [
    'dicom (dicom), 50 x 50 px, 0.499 x 0.499 µm/px, objective unknown',
    '0 50 x 50 1.00 10 x 10 none',
    'Stored beside it: nothing',
  ],
};

describe('info says what every real slide is', { concurrency: 2, skip }, () => {
  for (const [name, lines] of Object.entries(expected))
    test(name, async () => {
      const said = await saidOf(join(data!, name));
      // In a folder of files, what comes first is the file system's choice.
      const beside = said.at(-1)!.replace(/: (.*)$/, (_, names: string) => `: ${names.split(', ').sort().join(', ')}`);
      const wanted = lines.at(-1)!.replace(/: (.*)$/, (_, names: string) => `: ${names.split(', ').sort().join(', ')}`);
      assert.deepEqual([...said.slice(0, -1), beside], [...lines.slice(0, -1), wanted]);
    });
  test('none is left out', () => {
    const there = ['slides', 'dicom'].flatMap((folder) =>
      readdirSync(join(data!, folder)).map((name) => `${folder}/${name}`),
    );
    assert.deepEqual(there.sort(), Object.keys(expected).sort());
  });
});

test('a plain picture is described without being converted, and its region is its px', async () => {
  const raw = Buffer.from(Uint8Array.from({ length: 400 * 300 * 3 }, (_, i) => (i * 7) % 253));
  await sharp(raw, { raw: { width: 400, height: 300, channels: 3 } })
    .png()
    .toFile(bench.file('photo.png'));
  const info = documentOf(await bench.eosin('info', 'photo.png', '--json')) as unknown as SlideInfo;
  assert.deepEqual([info.format, info.widthPx, info.heightPx, info.mpp], ['png', 400, 300, null]);
  const at = ['--x=37', '--y=50', '--width=20', '--height=10', '--level=0'];
  const outcome = await bench.eosin('region', 'photo.png', ...at, '--out=part.png');
  assert.equal(outcome.code, 0, outcome.stderr);
  const part = await sharp(bench.file('part.png')).raw().toBuffer();
  const wanted = await sharp(bench.file('photo.png'))
    .extract({ left: 37, top: 50, width: 20, height: 10 })
    .raw()
    .toBuffer();
  assert.ok(wanted.equals(part));
});

test('planes and profile are told, and a region is cut through both', async () => {
  const profile = { tag: 0x00282000, vr: 'OB', value: writeMatrixProfile(wideScanner) };
  const stack = await writeDicom({
    widthPx: 64,
    heightPx: 32,
    focalPlanes: 3,
    planesUm: { first: -2, step: 2 },
    paint: () => [115, 82, 0],
    paintPlane: (plane) => [10, 68, 200][plane]!,
    elements: [{ tag: 0x00480105, vr: 'SQ', value: [[profile]] }],
  });
  writeFileSync(bench.file('stack.dcm'), stack);
  const { stdout } = await bench.eosin('info', 'stack.dcm');
  assert.match(stdout, /Focal planes: 3, at -2, 0, 2 µm; without --plane 1 is shown\n/);
  assert.match(stdout, /Colour profile: Made scanner\n/);
  const at = ['--x=4', '--y=4', '--width=8', '--height=8'];
  const pixel = async (...flags: string[]): Promise<number[]> => {
    const { code, stderr } = await bench.eosin('region', 'stack.dcm', ...at, '--out=cut.png', ...flags);
    assert.equal(code, 0, stderr);
    return [...(await sharp(bench.file('cut.png')).raw().toBuffer()).subarray(0, 3)];
  };
  assert.deepEqual(await pixel(), [115, 82, 68]);
  assert.deepEqual(await pixel('--plane=2'), [115, 82, 200]);
  assert.deepEqual(await pixel('--plane=1', '--colour=srgb'), [145, 101, 85]);
  for (const [flags, code] of [
    [['--plane=3'], 'slide/no-such-part'],
    [['--plane=-1'], 'cli/usage'],
    [['--colour=cmyk'], 'cli/usage'],
  ] as const) {
    const refused = await bench.eosin('region', 'stack.dcm', ...at, '--out=no.png', ...flags);
    assert.notEqual(refused.code, 0);
    assert.ok(refused.stderr.includes(code), `${flags}: ${refused.stderr}`);
  }
});
