import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import type { ProjectView } from '../../app/core/project.ts';
import { openProject } from '../../app/project.ts';
import { hasOpenSlide, openSlideRgb } from '../fixtures/openslide.ts';
import { glandRegion, stromaRegion, writeTissueSlide } from '../fixtures/tissue-slide.ts';
import { writeRegionsFile } from './fixtures/regions-file.ts';
import { assertRefused, assertRefusedJson, type Bench, documentOf, openBench } from './fixtures/run-eosin.ts';

const small = ['--set', 'input.sizePx=64', '--set', 'attach=block_3', '--set', 'capPerClass=6', '--set', 'batchSize=6'];

let bench: Bench;
before(async () => {
  bench = openBench();
  await bench.eosin('project', 'create', 'Study.eosin');
  writeRegionsFile(bench.file('both.geojson'), [
    { className: 'Gland', geometry: glandRegion },
    { className: 'Stroma', geometry: stromaRegion },
  ]);
  for (const name of ['a', 'b', 'c']) {
    await writeTissueSlide(bench.file(`${name}.tif`), { seed: name });
    await bench.eosin('project', 'add', 'Study.eosin', `${name}.tif`, '--patient', name.toUpperCase());
    await bench.eosin('annotations', 'import', 'Study.eosin', `${name}.tif`, 'both.geojson');
  }
});
after(() => bench.close());

const project = async (): Promise<ProjectView> =>
  documentOf(await bench.eosin('project', 'show', 'Study.eosin', '--json')) as unknown as ProjectView;

describe('runs of the command line', () => {
  test('patients are pinned; a project that is open elsewhere is not opened twice', async () => {
    const { split } = documentOf(
      await bench.eosin('project', 'split', 'Study.eosin', 'A=train', 'B=validation', 'C=test', '--json'),
    ) as { split: { patient: string; part: string }[] };
    assert.deepEqual(
      split.map(({ patient, part }) => `${patient}=${part}`),
      ['A=train', 'B=validation', 'C=test'],
    );
    assertRefused(await bench.eosin('project', 'split', 'Study.eosin', 'A=holiday'), 64, 'cli/usage');
    const open = openProject(bench.file('Study.eosin'));
    try {
      assertRefusedJson(await bench.eosin('project', 'show', 'Study.eosin', '--json'), 75, 'project/in-use');
      assertRefused(await bench.eosin('train', 'Study.eosin', ...small), 75, 'project/in-use');
    } finally {
      open.close();
    }
    assert.equal((await project()).slides.length, 3);
  });

  test('Ctrl-C in the middle of a training is exit code 130, ends every process, and leaves no model', async () => {
    const endless = ['--set', 'phases.head.epochs=1000', '--set', 'phases.fine-tune.epochs=1000'];
    const { child, ended } = bench.start(['train', 'Study.eosin', '--json', ...small, ...endless]);
    await new Promise<void>((resolve) => {
      child.stdout!.on('data', (text: string) => {
        if (text.includes('"type":"epoch"')) resolve();
      });
      child.once('exit', () => resolve());
    });
    // As a terminal does it: every process of the group is signalled.
    process.kill(-child.pid!, 'SIGINT');
    const outcome = await ended;
    assertRefused(outcome, 130, 'job/cancelled');
    assert.throws(() => process.kill(-child.pid!, 0), { code: 'ESRCH' });
    const { runs, models } = await project();
    assert.equal(runs[0]?.state, 'cancelled');
    assert.deepEqual(models, []);
    assert.deepEqual(readdirSync(bench.file('Study.eosin/models')), []);
  });

  test('train, models, evaluate and predict, each with what cli.md promises on stdout', async () => {
    const epochs = ['--set', 'phases.head.epochs=2', '--set', 'phases.fine-tune.epochs=1'];
    const trained = await bench.eosin('train', 'Study.eosin', '--json', ...small, ...epochs);
    assert.equal(trained.code, 0, trained.stderr);
    const lines = trained.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(lines[0]?.type, 'plan');
    const epoch = lines.find(({ type }) => type === 'epoch')!;
    assert.deepEqual(Object.keys(epoch), [
      ...['type', 'phase', 'epoch', 'loss', 'accuracy', 'valLoss', 'valAccuracy', 'learningRate', 'seconds'],
    ]);
    const done = lines.at(-1)!;
    assert.equal(done.type, 'done');
    const model = String(done.model);
    assert.ok(existsSync(join(model, 'passport.json')));
    assert.equal((done.test as { patches: number }).patches, 12);

    const passport = documentOf(await bench.eosin('models', 'show', model, '--json'));
    assert.equal(passport.sizePx, 64);
    const listed = documentOf(await bench.eosin('models', 'list', '--project', 'Study.eosin', '--json'));
    assert.equal((listed.models as { id: string }[])[0]?.id, passport.id);
    const judged = documentOf(await bench.eosin('evaluate', model, '--project', 'Study.eosin', '--json'));
    assert.equal(judged.patches, 12);
    assert.deepEqual(judged.confusion, (done.test as { confusion: unknown }).confusion);
    assertRefused(await bench.eosin('evaluate', model), 64, 'cli/usage');

    const predicted = documentOf(await bench.eosin('predict', model, 'c.tif', '--out', 'out', '--json'));
    assert.equal(predicted.patches, 40);
    for (const file of Object.values(predicted.files as Record<string, string>)) assert.ok(existsSync(file), file);
    assert.equal(readdirSync(bench.file('out')).length, 5);
  });
});

const data = process.env.EOSIN_DATA;
const missing = !data ? 'EOSIN_DATA is not set' : hasOpenSlide() ? false : 'python3-openslide is not installed';
test('info and region on a real Aperio slide agree with OpenSlide, pixel by pixel', { skip: missing }, async () => {
  const slide = join(data!, 'slides', 'CMU-1-Small-Region.svs');
  const info = documentOf(await bench.eosin('info', slide, '--json'));
  assert.deepEqual([info.widthPx, info.heightPx, info.mpp], [2220, 2967, { x: 0.499, y: 0.499 }]);
  const place = { x: 711, y: 1203, width: 333, height: 222 };
  const flags = Object.entries(place).map(([name, value]) => `--${name}=${value}`);
  assert.equal((await bench.eosin('region', slide, ...flags, '--out', 'region.png')).code, 0);
  const pixels = await sharp(bench.file('region.png')).removeAlpha().raw().toBuffer();
  assert.ok(pixels.equals(openSlideRgb(slide, { level: 0, ...place })));
});
