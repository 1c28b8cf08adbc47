import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { evaluateModel } from '../../app/jobs/evaluate-model.ts';
import { planPictures } from '../../app/jobs/plan-folders.ts';
import { planLabelled } from '../../app/jobs/plan-project.ts';
import type { RunDeps } from '../../app/jobs/run-deps.ts';
import type { OpenedModel } from '../../app/passports/model-folder.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { tinySizePx, writeTinyModel } from '../fixtures/tiny-model.ts';
import { glassPx, stromaRegion, tissueSize } from '../fixtures/tissue-slide.ts';
import { type LabelledProject, openLabelledProject, runDepsFor } from './fixtures/labelled-project.ts';

const eachClass = (tissueSize.widthPx / 2 / tinySizePx) * ((tissueSize.heightPx - glassPx) / tinySizePx);

let study: LabelledProject;
let model: OpenedModel;
let deps: RunDeps;
before(async () => {
  study = openLabelledProject();
  for (const [name, part] of [
    ['a', 'train'],
    ['b', 'test'],
  ] as const) {
    study.labelBoth((await study.add(`${name}.tif`, { patient: name })).id);
    study.project.split.pin(name, part);
  }
  model = await writeTinyModel(join(study.folder, 'model'), {
    classes: [
      { name: 'Gland', colour: '#0072b2' },
      { name: 'Stroma', colour: '#e69f00' },
    ],
  });
  deps = runDepsFor(study, 1);
});
after(() => study.close());

const recipe = () => ({
  ...model.passport.recipe,
  input: { sizePx: tinySizePx, mpp: 0.5, colour: 'stored' as const },
  capPerClass: null,
});
const never = (): AbortSignal => new AbortController().signal;

test('a model is judged on the test patients of a project, beside what colour alone reaches', async () => {
  const plan = await planLabelled(study.project, study, recipe(), never());
  const found = await evaluateModel(deps, model, plan, 'test', () => undefined, never());
  assert.equal(found.patches, 2 * eachClass);
  assert.equal(found.patients, 1);
  assert.deepEqual(found.confusion, [
    [eachClass, 0],
    [0, eachClass],
  ]);
  assert.equal(found.balancedAccuracy.value, 1);
  assert.equal(found.balancedAccuracy.unit, 'patch-level, one patient');
  assert.equal(found.colourBaseline, 1, 'colour tells these tissues apart');
  assert.deepEqual(readdirSync(deps.scratchFolder), []);
});

test('a part without patches, and a class that the model does not know, are refused', async (t) => {
  const plan = await planLabelled(study.project, study, recipe(), never());
  await assert.rejects(
    evaluateModel(deps, model, plan, 'validation', () => undefined, never()),
    {
      code: 'evaluate/nothing',
    },
  );
  const other = openLabelledProject(study.pool);
  t.after(() => other.close());
  other.project.classes.create('Fat');
  const slide = await other.add('c.tif', { patient: 'c' });
  other.label(slide.id, 'Fat', stromaRegion);
  other.project.split.pin('c', 'train');
  const strange = await planLabelled(other.project, other, recipe(), never());
  await assert.rejects(
    evaluateModel(deps, model, strange, 'train', () => undefined, never()),
    {
      code: 'evaluate/classes',
      message: /Fat/,
    },
  );
});

test('folders of pictures are judged in the order of the classes of the model, not of the folders', async (t) => {
  const folder = tempFolder(t);
  const other = await writeTinyModel(join(folder, 'model'), {
    classes: [
      { name: 'Tumour gland', colour: '#0072b2' },
      { name: 'Stroma', colour: '#e69f00' },
    ],
  });
  const pictures = join(folder, 'pictures');
  for (const [name, background, count] of [
    ['Stroma', '#643c96', 3],
    ['Tumour gland', '#e696b4', 1],
  ] as const) {
    mkdirSync(join(pictures, name), { recursive: true });
    for (let i = 0; i < count; i++) {
      const create = { width: tinySizePx, height: tinySizePx, channels: 3 as const, background };
      await sharp({ create })
        .png()
        .toFile(join(pictures, name, `${i}.png`));
    }
  }
  // One stroma picture lies in the wrong folder.
  await sharp({ create: { width: tinySizePx, height: tinySizePx, channels: 3, background: '#643c96' } })
    .png()
    .toFile(join(pictures, 'Tumour gland', 'wrong.png'));
  const plan = await planPictures(pictures, null, recipe());
  const found = await evaluateModel(deps, other, plan, 'test', () => undefined, never());
  assert.deepEqual(found.confusion, [
    [1, 1],
    [0, 3],
  ]);
  assert.equal(found.balancedAccuracy.value, 0.75);
  assert.equal(found.balancedAccuracy.unit, 'patch-level, unknown patients');
  assert.equal(found.colourBaseline, null);
});

test('a cancel leaves nothing in the scratch folder', async () => {
  const plan = await planLabelled(study.project, study, recipe(), never());
  const cancel = new AbortController();
  const judged = evaluateModel(deps, model, plan, 'test', () => cancel.abort(), cancel.signal);
  await assert.rejects(judged);
  assert.ok(!existsSync(deps.scratchFolder) || readdirSync(deps.scratchFolder).length === 0);
});
