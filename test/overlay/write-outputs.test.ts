import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fromArrayBuffer } from 'geotiff';
import sharp from 'sharp';
import type { EosinError } from '../../app/core/errors.ts';
import { researchUseOnly } from '../../app/core/research-use.ts';
import {
  type PredictionFiles,
  type PredictionOutputs,
  writePredictionOutputs,
} from '../../app/overlay/outputs/write-outputs.ts';
import { passportSchema } from '../../app/passports/passport.ts';
import { examplePassport } from '../fixtures/passport-draft.ts';
import { heatmapOf } from './heatmap-fixture.ts';

const map = heatmapOf(['ggs.', 'g.ss', 'gggs'], {
  x: 100,
  y: 40,
  strideX: 20,
  strideY: 20,
  patchWidth: 40,
  patchHeight: 40,
});
map.values.set([0.123456789, 0.876543211], 1 * 2); // the cell (1, 0) is stroma with a number of its own
const passport = passportSchema.parse({
  schemaVersion: 1,
  ...examplePassport(),
  researchUseOnly,
  files: [{ name: 'model.onnx', bytes: 1, sha256: 'a'.repeat(64) }],
});

/** As a reader gives it, with a name in its properties. */
const slideInfo = {
  widthPx: 800,
  heightPx: 400,
  format: 'tiff',
  mpp: null,
  fingerprint: 'f'.repeat(64),
  properties: { 'aperio.User': 'Canary Person' },
};

let folder = '';
let files: PredictionFiles;
let outputs: PredictionOutputs;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eosin-outputs-'));
  const thumbnailJpeg = await sharp({ create: { width: 400, height: 200, channels: 3, background: '#f4d7e3' } })
    .jpeg()
    .toBuffer();
  outputs = {
    folder: join(folder, 'out'),
    name: 'slide 6 <a>',
    heatmap: map,
    runId: 'r1',
    passport,
    slideInfo,
    thumbnailJpeg,
    settings: { engine: 'onnxruntime', threads: 2 },
    versions: { eosin: '0.1.0', onnxruntime: '1.30.0' },
  };
  files = await writePredictionOutputs(outputs);
});
after(() => rm(folder, { recursive: true, force: true }));

test('the five files stand there under their names and nothing else', async () => {
  const names = ['geojson', 'heatmap.tif', 'json', 'patches.csv', 'preview.png'].map(
    (ending) => `slide 6 <a>.${ending}`,
  );
  assert.deepEqual((await readdir(join(folder, 'out'))).sort(), names);
});

test('every artefact carries the research-use sentence', async () => {
  for (const file of Object.values(files) as string[]) {
    assert.ok((await readFile(file)).includes(researchUseOnly), file);
  }
});

test('what the slide’s file says of persons is in none of them', async () => {
  for (const file of Object.values(files) as string[]) {
    assert.ok(!(await readFile(file)).includes('Canary'), file);
  }
});

test('the TIFF has a float32 band a class with its name, in level-0 px with y down', async () => {
  const bytes = await readFile(files.heatmap);
  const tiff = await fromArrayBuffer(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const image = await tiff.getImage();
  assert.deepEqual([image.getWidth(), image.getHeight(), image.getSamplesPerPixel()], [4, 3, 2]);
  assert.deepEqual([image.getSampleFormat(), image.getBitsPerSample()], [3, 32]);
  const bands = (await image.readRasters()) as unknown as Float32Array[];
  for (let cell = 0; cell < 12; cell++) {
    for (let band = 0; band < 2; band++) {
      assert.ok(Object.is(bands[band]![cell], map.values[cell * 2 + band]), `cell ${cell} band ${band}`);
    }
  }
  assert.deepEqual(image.getOrigin().slice(0, 2), [100, 40]);
  assert.equal(image.getResolution()[0], 20);
  assert.deepEqual(image.getBoundingBox(), [100, 40, 180, 100]);
  assert.ok(Number.isNaN(image.getGDALNoData()));
  const named = await Promise.all([0, 1].map((band) => image.getGDALMetadata(band)));
  assert.deepEqual(
    named.map((metadata) => metadata!.DESCRIPTION),
    ['gland', 'stroma &amp; fat'],
  );
});

test('the CSV has a line a predicted patch, with its box and its probabilities', async () => {
  const lines = (await readFile(files.csv, 'utf8')).trimEnd().split('\n');
  assert.equal(lines[0], `x,y,width,height,gland,stroma & fat,${researchUseOnly}`);
  assert.equal(lines.length, 1 + 10);
  // Patches of 40 px centred on cells of 20 px.
  assert.equal(lines[1], '90,30,40,40,0.750000,0.250000,');
  assert.equal(lines[2], '110,30,40,40,0.123457,0.876543,');
});

test('QuPath gets closed polygons in level-0 px with class and colour', async () => {
  const document = JSON.parse(await readFile(files.geojson, 'utf8'));
  assert.equal(document.type, 'FeatureCollection');
  assert.deepEqual(
    document.features.map(
      ({ properties }: { properties: { classification: { name: string } } }) => properties.classification.name,
    ),
    ['gland', 'stroma & fat'],
  );
  const [gland, stroma] = document.features;
  assert.equal(gland.properties.objectType, 'annotation');
  assert.deepEqual(gland.properties.classification.color, [0, 0x72, 0xb2]);
  assert.equal(gland.properties.measurements.Patches, 5);
  assert.equal(gland.properties.measurements['Area um2'], 5 * 20 * 0.5 * 20 * 0.25);
  for (const { geometry } of document.features) {
    for (const ring of geometry.coordinates) assert.deepEqual(ring[0], ring.at(-1));
  }
  assert.deepEqual(stroma.geometry.coordinates[0][0], [120, 40]);
});

test('the preview is the thumbnail with overlay, legend and sentence below', async () => {
  const { data, info } = await sharp(files.preview).raw().toBuffer({ resolveWithObject: true });
  assert.ok(info.width >= 400 && info.height > 200 + 64);
  const left = Math.floor((info.width - 400) / 2);
  const at = (x: number, y: number): number[] => {
    const start = ((y + 64) * info.width + x + left) * info.channels;
    return [...data.subarray(start, start + 3)];
  };
  // Half a thumbnail px a level-0 px: cell (0, 0) covers 50..60 by 20..30.
  const [r, g, b] = at(55, 25) as [number, number, number];
  assert.ok(b > r && b > g, `gland is blue: ${r} ${g} ${b}`);
  const [r1, , b1] = at(65, 25) as [number, number, number];
  assert.ok(r1 > b1, 'stroma is orange');
  const bare = at(300, 150);
  assert.ok(Math.abs(bare[0]! - 0xf4) < 6 && Math.abs(bare[1]! - 0xd7) < 6, 'no overlay beside the grid');
  const ink = (top: number, bottom: number): number => {
    let dark = 0;
    for (let i = top * info.width; i < bottom * info.width; i++) if (data[i * info.channels]! < 100) dark++;
    return dark;
  };
  assert.ok(ink(0, 60) > 100, 'a title');
  assert.ok(ink(info.height - 50, info.height) > 100, 'the sentence');
});

test('the legend has the letters that the project gave its classes', async () => {
  const drawnWith = async (...letters: string[]): Promise<Buffer> => {
    const projectClasses = ['gland', 'stroma & fat'].map((name, i) => ({ name, letter: letters[i]! }));
    const { preview } = await writePredictionOutputs({ ...outputs, folder: join(folder, 'letters'), projectClasses });
    return sharp(preview).raw().toBuffer();
  };
  const plain = await sharp(files.preview).raw().toBuffer();
  assert.ok(plain.equals(await drawnWith('G', 'S')), 'without a project: the first letters');
  assert.ok(!plain.equals(await drawnWith('G', 'F')));
});

test('the JSON says model, passport, versions, settings, counts and areas', async () => {
  const report = JSON.parse(await readFile(files.json, 'utf8'));
  assert.equal(report.model.id, passport.id);
  assert.deepEqual(report.passport, JSON.parse(JSON.stringify(passport)));
  assert.equal(report.versions.onnxruntime, '1.30.0');
  assert.deepEqual(report.settings, { tissue: 0.5, engine: 'onnxruntime', threads: 2 });
  assert.equal(report.patches, 10);
  assert.deepEqual(
    report.classes.map(({ name, patches, areaUm2 }: Record<string, unknown>) => [name, patches, areaUm2]),
    [
      ['gland', 5, 250],
      ['stroma & fat', 5, 250],
    ],
  );
});

test('a name that leads elsewhere and a grid without cells are refused', async () => {
  const request = {
    folder,
    heatmap: map,
    runId: 'r',
    passport,
    slideInfo: { widthPx: 800, heightPx: 400, format: 'tiff', mpp: null, fingerprint: 'f' },
    thumbnailJpeg: new Uint8Array(),
    settings: {},
    versions: { eosin: '0.1.0' },
  };
  for (const name of ['', '..', '../x', 'a/b', 'a\\b', '.hidden']) {
    await assert.rejects(writePredictionOutputs({ ...request, name }), RangeError, name);
  }
  const empty = heatmapOf(['']);
  await assert.rejects(
    writePredictionOutputs({ ...request, name: 'x', heatmap: empty }),
    (error: EosinError) => error.code === 'predict/no-cells',
  );
});
