import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { EosinError } from '../../app/core/errors.ts';
import { boxPolygon } from '../../app/core/geometry.ts';
import type { SplitPart } from '../../app/core/project.ts';
import type { Recipe } from '../../app/core/recipe.ts';
import { planPooled, planProject } from '../../app/jobs/plan-project.ts';
import type { TrainPlan } from '../../app/jobs/train-plan.ts';
import type { SlidePool } from '../../app/slides/slide-pool.ts';
import { checkRecipe } from '../../app/training/recipe-book.ts';
import { wideScanner, writeMatrixProfile } from '../fixtures/icc-writer.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { glandRegion, glassPx, stromaRegion, tissueSize } from '../fixtures/tissue-slide.ts';
import { type LabelledProject, openLabelledProject, testPool } from './fixtures/labelled-project.ts';

const recipe: Recipe = checkRecipe({
  name: 'small',
  backbone: 'mobilenet-v2',
  input: { sizePx: 64 },
  phases: [{ name: 'head', unfreeze: 0, epochs: 1, learningRate: 1e-3 }],
});
/** Patches of 64 px in each half of a slide's tissue. */
const eachClass = (tissueSize.widthPx / 2 / 64) * ((tissueSize.heightPx - glassPx) / 64);

let pool: SlidePool;
let cache = '';
before(() => {
  cache = tempFolder({ after: () => undefined });
  pool = testPool(cache);
});
after(async () => {
  await pool.close();
  rmSync(cache, { recursive: true, force: true });
});

const plan = (study: LabelledProject, changed: Partial<Recipe> = {}): Promise<TrainPlan> =>
  planProject(study.project, study, { ...recipe, ...changed }, new AbortController().signal);

/** A project of labelled slides a.tif, b.tif, ... whose patients are in the parts given. */
async function studyOf(t: { after(clean: () => Promise<void>): void }, parts: readonly SplitPart[]) {
  const study = openLabelledProject(pool);
  t.after(() => study.close());
  for (const [i, part] of parts.entries()) {
    const slide = await study.add(`${'abcdef'[i]}.tif`, { patient: `P${i}` });
    study.labelBoth(slide.id);
    study.project.split.pin(`P${i}`, part);
  }
  return study;
}

test('a plan has every patch of the regions, with class, patient and part, where the slides have them', async (t) => {
  const study = await studyOf(t, ['train', 'validation', 'test']);
  const made = await plan(study);
  assert.deepEqual(
    made.summary.classes.map(({ name, train, validation, test: own, patients }) => [
      name,
      train,
      validation,
      own,
      patients,
    ]),
    [
      ['Gland', eachClass, eachClass, eachClass, 3],
      ['Stroma', eachClass, eachClass, eachClass, 3],
    ],
  );
  assert.deepEqual(made.summary.patients, { train: 1, validation: 1, test: 1, known: true });
  assert.equal(made.mpp, 0.5);
  assert.equal(made.patches.length, 6 * eachClass);
  assert.ok(made.pixels.kind === 'slides');
  const indices = made.pixels.slides.flatMap(({ patches }) => patches.map(({ index }) => index));
  assert.deepEqual(
    indices.toSorted((a, b) => a - b),
    [...made.patches.keys()],
  );
  for (const { slide, patches } of made.pixels.slides)
    for (const { x, index } of patches) {
      const planned = made.patches[index]!;
      assert.equal(planned.classIndex, x < tissueSize.widthPx / 2 ? 0 : 1);
      assert.match(slide.path, new RegExp(`/${'abc'[Number(planned.patient.slice(1))]}\\.tif$`));
    }
  const again = await plan(study);
  assert.equal(again.planHash, made.planHash, 'the same project gives the same plan');
});

test('a cap holds in each part by itself', async (t) => {
  const study = await studyOf(t, ['train', 'train', 'validation']);
  const { summary } = await plan(study, { capPerClass: 7 });
  assert.deepEqual(
    summary.classes.map(({ train, validation }) => [train, validation]),
    [
      [7, 7],
      [7, 7],
    ],
  );
});

test('pooled for folds, every labelled patch takes part, the cap counts a fold, and the split stays as it is', async (t) => {
  const study = openLabelledProject(pool);
  t.after(() => study.close());
  for (const name of ['a', 'b', 'c'])
    study.labelBoth((await study.add(`${name}.tif`, { patient: `patient ${name}` })).id);
  const pooled = (capPerClass: number | null) =>
    planPooled(study.project, study, { ...recipe, capPerClass }, 3, new AbortController().signal);
  const { patches, summary } = await pooled(null);
  assert.equal(patches.length, 6 * eachClass);
  assert.equal(new Set(patches.map(({ patient }) => patient)).size, 3);
  assert.deepEqual(summary.warnings, [], 'nothing is claimed of a test part, so nothing is warned of');
  assert.deepEqual(
    (await pooled(2)).summary.classes.map(({ train }) => train),
    [6, 6],
  );
  assert.deepEqual(study.project.split.get(), []);
});

test('a slide of unknown µm/px is left out and said; one set by hand is used', async (t) => {
  const study = await studyOf(t, ['train', 'validation']);
  const bare = await study.add('bare.tif', { patient: 'P9', mpp: null });
  study.labelBoth(bare.id);
  const without = await plan(study);
  assert.equal(without.summary.slides, 2);
  assert.ok(without.summary.warnings.some((warning) => /bare\.tif was left out: its µm\/px are unknown/.test(warning)));
  study.project.slides.update(bare.id, { mpp: { x: 0.5, y: 0.5 } });
  const { summary } = await plan(study);
  assert.equal(summary.slides, 3);
});

test('with colours through the profile, slides without one are left out and said', async (t) => {
  const study = await studyOf(t, ['train', 'validation', 'train']);
  const srgb = { input: { sizePx: 64, mpp: 0.5, colour: 'srgb' as const } };
  await assert.rejects(
    plan(study, srgb),
    (error) => error instanceof EosinError && /no colour profile/.test(error.remedy),
  );
  const profile = writeMatrixProfile(wideScanner);
  for (const patient of ['P0', 'P1']) {
    const slide = await study.add(`profiled-${patient}.tif`, { patient, profile });
    study.labelBoth(slide.id);
  }
  const made = await plan(study, srgb);
  assert.equal(made.summary.slides, 2);
  assert.equal(made.summary.warnings.filter((warning) => /no colour profile/.test(warning)).length, 3);
  assert.ok(made.pixels.kind === 'slides');
  assert.ok(made.pixels.slides.every(({ slide }) => slide.colour === 'srgb' && /profiled/.test(slide.path)));
});

test('a slide more than 20 % coarser is left out, one a little coarser is read as it is', async (t) => {
  const study = await studyOf(t, ['train', 'validation']);
  const near = await study.add('near.tif', { patient: 'P0', mpp: 0.58 });
  const far = await study.add('far.tif', { patient: 'P0', mpp: 0.61 });
  for (const { id } of [near, far]) study.labelBoth(id);
  const made = await plan(study, { input: { sizePx: 64, mpp: 0.5, colour: 'stored' } });
  assert.ok(made.pixels.kind === 'slides');
  assert.equal(made.pixels.slides.find(({ slide }) => slide.path.endsWith('near.tif'))?.downsample, 1);
  assert.ok(!made.pixels.slides.some(({ slide }) => slide.path.endsWith('far.tif')));
  assert.ok(made.summary.warnings.some((warning) => /far\.tif is more than 20 % coarser/.test(warning)));
});

test('ignore takes patches away and is no class to learn', async (t) => {
  const study = await studyOf(t, ['train', 'validation']);
  const [slide] = study.project.slides.list();
  study.label(slide!.id, 'Ignore', [boxPolygon({ x: 0, y: glassPx, width: 128, height: 64 })]);
  const { summary } = await plan(study);
  assert.deepEqual(
    summary.classes.map(({ name, train }) => [name, train]),
    [
      ['Gland', eachClass - 2],
      ['Stroma', eachClass],
    ],
  );
});

test('the split is stored and a patient does not move when slides are added', async (t) => {
  const study = openLabelledProject(pool);
  t.after(() => study.close());
  for (const name of ['a', 'b', 'c', 'd'])
    study.labelBoth((await study.add(`${name}.tif`, { patient: `patient ${name}` })).id);
  await plan(study);
  const first = study.project.split.get();
  assert.deepEqual(new Set(first.map(({ part }) => part)), new Set(['train', 'validation', 'test']));
  for (const name of ['e', 'f']) study.labelBoth((await study.add(`${name}.tif`, { patient: `patient ${name}` })).id);
  const { patches } = await plan(study);
  const second = study.project.split.get();
  assert.equal(second.length, 6);
  assert.deepEqual(
    second.filter(({ patient }) => first.some((one) => one.patient === patient)),
    first,
  );
  const partOf = new Map(second.map(({ patient, part }) => [patient, part]));
  for (const { patient, part } of patches) assert.equal(part, partOf.get(patient));
});

test('slides of one patient stay together; nameless ones count by themselves and are said', async (t) => {
  const study = openLabelledProject(pool);
  t.after(() => study.close());
  for (const [name, patient] of [
    ['a', 'one'],
    ['b', 'one'],
    ['c', 'two'],
    ['d', ''],
  ] as const)
    study.labelBoth((await study.add(`${name}.tif`, { patient })).id);
  study.project.split.pin('one', 'train');
  study.project.split.pin('two', 'validation');
  const { patches, summary, patientsKnown } = await plan(study);
  assert.equal(new Set(patches.filter(({ patient }) => patient === 'one').map(({ part }) => part)).size, 1);
  assert.equal(summary.patients.train + summary.patients.validation + summary.patients.test, 3);
  assert.equal(patientsKnown, false);
  assert.ok(summary.warnings.some((warning) => /1 of 4 slides name no patient/.test(warning)));
});

test('a class without training patients is left out and said', async (t) => {
  const study = await studyOf(t, ['train', 'validation']);
  const extra = study.project.classes.create('Rare');
  const slide = study.project.slides.list()[1]!;
  study.label(slide.id, extra.name, [boxPolygon({ x: 0, y: 0, width: 128, height: glassPx })]);
  const { classes, summary } = await plan(study);
  assert.deepEqual(
    classes.map(({ name }) => name),
    ['Gland', 'Stroma'],
  );
  assert.ok(summary.warnings.some((warning) => /^Rare was left out/.test(warning)));
});

test('one class, no validation, and nothing labelled are refused before anything runs', async (t) => {
  const empty = openLabelledProject(pool);
  t.after(() => empty.close());
  await empty.add('a.tif', { patient: 'A' });
  await assert.rejects(plan(empty), { code: 'plan/no-regions' });

  const one = openLabelledProject(pool);
  t.after(() => one.close());
  for (const name of ['a', 'b']) one.label((await one.add(`${name}.tif`, { patient: name })).id, 'Gland', glandRegion);
  await assert.rejects(plan(one), { code: 'plan/one-class', message: /Gland/ });

  const unchecked = openLabelledProject(pool);
  t.after(() => unchecked.close());
  const both = await unchecked.add('a.tif', { patient: 'A' });
  unchecked.labelBoth(both.id);
  unchecked.project.split.pin('A', 'train');
  const half = await unchecked.add('b.tif', { patient: 'B' });
  unchecked.label(half.id, 'Stroma', stromaRegion);
  unchecked.project.split.pin('B', 'validation');
  await assert.rejects(plan(unchecked), { code: 'plan/no-validation', message: /Gland/ });
});

test('a cancel ends planning', async (t) => {
  const study = await studyOf(t, ['train', 'validation']);
  await assert.rejects(planProject(study.project, study, recipe, AbortSignal.abort()), { name: 'AbortError' });
});
