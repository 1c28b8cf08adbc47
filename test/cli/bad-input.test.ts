import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { boxPolygon, type MultiPolygon } from '../../app/core/geometry.ts';
import { writeHangingSlide } from '../fixtures/hanging-slide.ts';
import { writeTinyModel } from '../fixtures/tiny-model.ts';
import { glassPx, tissueSize, writeTissueSlide } from '../fixtures/tissue-slide.ts';
import { writeRegionsFile } from './fixtures/regions-file.ts';
import { assertRefused, assertRefusedJson, type Bench, documentOf, openBench } from './fixtures/run-eosin.ts';

let bench: Bench;
before(async () => {
  bench = openBench();
  await writeTissueSlide(bench.file('good.tif'));
  writeFileSync(bench.file('cut.tif'), readFileSync(bench.file('good.tif')).subarray(0, 200_000));
  writeFileSync(bench.file('text.svs'), 'these are words\n');
  await writeTinyModel(bench.file('model'));
});
after(() => bench.close());

function writeRegions(name: string, regions: Parameters<typeof writeRegionsFile>[1]): string {
  writeRegionsFile(bench.file(name), regions);
  return name;
}
const box = (x: number, y: number, side: number): MultiPolygon => [boxPolygon({ x, y, width: side, height: side })];

describe('bad input is one clear line, a code, and the right exit code', { concurrency: 2 }, () => {
  test('a text file named .svs, a truncated slide, and none at all', async () => {
    assertRefused(await bench.eosin('info', 'text.svs'), 65, 'slide/not-tiff');
    assertRefusedJson(await bench.eosin('info', 'cut.tif', '--json'), 65, 'slide/truncated');
    assertRefused(await bench.eosin('info', 'none.svs'), 65, 'slide/missing');
    const out = await bench.eosin('region', 'cut.tif', '--x=0', '--y=0', '--width=9', '--height=9', '--out=o.png');
    assertRefused(out, 65, 'slide/truncated');
    assert.ok(!existsSync(bench.file('o.png')));
    const stack = await bench.eosin('info', 'text.svs', '--verbose');
    assert.match(stack.stderr, /\n\s+at /, '--verbose adds the stack');
  });

  test('slides of a list that are refused are said in the one document; the others are added', async () => {
    await bench.eosin('project', 'create', 'Add.eosin');
    const outcome = await bench.eosin(
      'project',
      'add',
      'Add.eosin',
      'good.tif',
      'text.svs',
      '--patient',
      'P1',
      '--json',
    );
    assertRefused(outcome, 65, 'project/slides-refused');
    const { added, refused } = documentOf(outcome) as { added: { name: string; patient: string }[]; refused: object[] };
    assert.deepEqual(
      added.map(({ name, patient }) => [name, patient]),
      [['good.tif', 'P1']],
    );
    assert.equal(refused.length, 1);
  });

  test('a slide that makes its decoder hang is a typed error after the deadline', async () => {
    await writeHangingSlide(bench.file('hangs.tif'));
    const args = ['region', 'hangs.tif', '--x=0', '--y=0', '--width=64', '--height=64', '--out=hang.png', '--json'];
    assertRefusedJson(await bench.eosin(...args), 65, 'slide/decode-timeout');
    assert.ok(!existsSync(bench.file('hang.png')));
  });

  test('annotations out of the slide are refused, off its tissue taken and said', async () => {
    await bench.eosin('project', 'create', 'Regions.eosin');
    await bench.eosin('project', 'add', 'Regions.eosin', 'good.tif');
    const far = writeRegions('far.geojson', [{ className: 'Gland', geometry: box(5000, 5000, 100) }]);
    assertRefused(
      await bench.eosin('annotations', 'import', 'Regions.eosin', 'good.tif', far),
      65,
      'annotation/out-of-bounds',
    );
    const glass = writeRegions('glass.geojson', [
      { className: 'Gland', geometry: box(8, 8, glassPx - 16) },
      { className: 'Gland', geometry: box(5000, 5000, 100) },
      { className: 'Gland', geometry: box(64, 128, 100) },
    ]);
    const outcome = await bench.eosin('annotations', 'import', 'Regions.eosin', 'good', glass, '--json');
    assert.equal(outcome.code, 0, outcome.stderr);
    const report = documentOf(outcome) as { kept: number; refused: string[]; warnings: string[] };
    assert.deepEqual([report.kept, report.refused.length], [2, 1]);
    assert.ok(
      report.warnings.some((warning) => /1 of 2 regions lies? off the tissue/.test(warning)),
      report.warnings.join(),
    );
    assertRefused(
      await bench.eosin('annotations', 'import', 'Regions.eosin', 'good', 'none.geojson'),
      65,
      'file/missing',
    );
    assertRefused(await bench.eosin('annotations', 'import', 'Regions.eosin', 'other', glass), 65, 'slide/unknown');
    const exported = documentOf(
      await bench.eosin('annotations', 'export', 'Regions.eosin', 'good', 'out.geojson', '--json'),
    );
    assert.equal(exported.regions, 2);
    const written = JSON.parse(readFileSync(bench.file('out.geojson'), 'utf8')) as { features: object[] };
    assert.equal(written.features.length, 2);
  });

  test('patches: labels by annotations, folders by class, and no class name leads out of the folder', async () => {
    const side = tissueSize.widthPx / 2;
    const regions = writeRegions('tissue.geojson', [
      { className: 'Gland', geometry: box(0, glassPx, side) },
      { className: '../Stroma, loose', geometry: box(side, glassPx, side) },
    ]);
    const args = [
      'patches',
      'good.tif',
      '--out',
      'cut/patches',
      '--size',
      '64',
      '--mpp',
      '0.5',
      '--annotations',
      regions,
    ];
    const outcome = await bench.eosin(...args, '--json');
    assert.equal(outcome.code, 0, outcome.stderr);
    const { patches, classes } = documentOf(outcome) as { patches: number; classes: Record<string, number> };
    assert.deepEqual([patches, classes], [32, { Gland: 16, '../Stroma, loose': 16 }]);
    assert.deepEqual(readdirSync(bench.file('cut')), ['patches']);
    const rows = readFileSync(bench.file('cut/patches/patches.csv'), 'utf8').trimEnd().split('\r\n');
    assert.equal(rows.length, 33);
    for (const row of rows.slice(1))
      assert.ok(existsSync(bench.file(`cut/patches/${row.split(/,\d/)[0]!.replaceAll('"', '')}`)), row);
    const { width, height } = await sharp(bench.file('cut/patches/Gland/good_0_64.png')).metadata();
    assert.deepEqual([width, height], [64, 64]);
    const beyond = writeRegions('beyond.geojson', [{ className: 'Gland', geometry: box(5000, 0, 9) }]);
    assertRefused(
      await bench.eosin('patches', 'good.tif', '--out', 'none', '--annotations', beyond),
      65,
      'annotation/out-of-bounds',
    );
    assert.ok(!existsSync(bench.file('none')));
    assertRefused(
      await bench.eosin('patches', 'good.tif', '--out', 'none', '--size', '64', '--overlap', '64'),
      64,
      'cli/usage',
    );
    await writeTissueSlide(bench.file('unscaled.tif'), { mpp: null });
    const unscaled = ['patches', 'unscaled.tif', '--out', 'unscaled', '--size', '64', '--json'];
    const refused = assertRefusedJson(await bench.eosin(...unscaled), 65, 'slide/unknown-mpp');
    assert.match(refused.remedy, /--slide-mpp/);
    const byHand = documentOf(await bench.eosin(...unscaled, '--slide-mpp=0.25', '--mpp=0.5', '--tissue=0.9'));
    assert.equal(byHand.patches, 8, 'whole tissue patches of 128 level-0 px');
  });

  test('folders with one class, and no folder at all', async () => {
    for (const file of ['one/train/gland/1.png', 'one/val/gland/2.png']) {
      mkdirSync(dirname(bench.file(file)), { recursive: true });
      await sharp({ create: { width: 64, height: 64, channels: 3, background: '#e696b4' } })
        .png()
        .toFile(bench.file(file));
    }
    const outcome = await bench.eosin('train-patches', 'one/train', 'one/val', '--json');
    const error = assertRefusedJson(outcome, 65, 'plan/one-class');
    assert.match(error.message, /gland/);
    assertRefused(await bench.eosin('train-patches', 'one/train', 'nowhere'), 65, 'plan/no-folder');
  });

  test('predict: slides that the model may not look at, twins of a name, and a model that is none', async () => {
    await writeTissueSlide(bench.file('bare.tif'), { mpp: null });
    mkdirSync(bench.file('again'));
    assertRefused(await bench.eosin('predict', 'model', 'bare.tif', '--out', 'o1'), 65, 'model/unknown-mpp');
    assertRefused(await bench.eosin('predict', 'model', 'good.tif', 'again/good.tif', '--out', 'o2'), 64, 'cli/usage');
    assertRefused(await bench.eosin('predict', 'again', 'good.tif', '--out', 'o3'), 65, 'model/missing');
    for (const name of ['o1', 'o2', 'o3']) assert.ok(!existsSync(bench.file(name)), name);
    const both = await bench.eosin('predict', 'model', 'text.svs', 'good.tif', '--out', 'o4', '--json');
    assertRefused(both, 65, 'predict/some-failed');
    const lines = both.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal((lines[0]!.error as { code: string }).code, 'slide/not-tiff');
    assert.equal(lines[1]!.patches, 640);
    assert.deepEqual(
      readdirSync(bench.file('o4')).sort(),
      ['geojson', 'heatmap.tif', 'json', 'patches.csv', 'preview.png'].map((end) => `good.${end}`),
    );
    const byHand = await bench.eosin(
      'predict',
      'model',
      'bare.tif',
      '--slide-mpp',
      '0.5',
      '--out',
      join('o5'),
      '--json',
    );
    assert.equal(documentOf(byHand).patches, 640);
    assertRefused(await bench.eosin('predict', 'model', 'good.tif', '--slide-mpp=0', '--out=o6'), 64, 'cli/usage');
  });

  test('predict: a model of unknown µm/px and another stain need a word by hand, which is stored with the result', async () => {
    await writeTinyModel(bench.file('loose'), { mpp: null });
    const words = ['predict', 'loose', 'good.tif', '--stain', 'PAS', '--out', 'by-hand'];
    const unknown = assertRefusedJson(await bench.eosin(...words, '--json'), 65, 'model/unknown-model-mpp');
    assert.match(unknown.remedy, /--model-mpp/);
    const stained = assertRefusedJson(await bench.eosin(...words, '--model-mpp=1', '--json'), 65, 'model/wrong-stain');
    assert.match(stained.remedy, /--any-stain/);
    assert.ok(!existsSync(bench.file('by-hand')));
    const outcome = await bench.eosin(...words, '--model-mpp=1', '--any-stain', '--json');
    assert.equal(documentOf(outcome).patches, 160, 'half as many a side at 1 µm/px');
    assert.match(outcome.stderr, /set by hand to 1\..*\n.*stain \(PAS\)/);
    const { settings } = JSON.parse(readFileSync(bench.file('by-hand/good.json'), 'utf8'));
    assert.deepEqual([settings.modelMpp, settings.anyStain, settings.warnings.length], [1, true, 2]);
    const overruled = await bench.eosin('predict', 'model', 'good.tif', '--model-mpp=1', '--out=own', '--json');
    assert.equal(documentOf(overruled).patches, 640);
    assert.match(overruled.stderr, /not used/);
  });
});
