import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { defaultPatchRule, type PatchRule } from '../../app/core/patch-quality.ts';
import { labelledPatches } from '../../app/jobs/labelled-patches.ts';
import { planProject } from '../../app/jobs/plan-project.ts';
import { checkRecipe } from '../../app/training/recipe-book.ts';
import { glassPx, tissueSize } from '../fixtures/tissue-slide.ts';
import { type LabelledProject, openLabelledProject } from './fixtures/labelled-project.ts';

const recipe = checkRecipe({
  name: 'small',
  backbone: 'mobilenet-v2',
  input: { sizePx: 64 },
  phases: [{ name: 'head', unfreeze: 0, epochs: 1, learningRate: 1e-3 }],
});
const eachClass = (tissueSize.widthPx / 2 / 64) * ((tissueSize.heightPx - glassPx) / 64);
/** Six patches of gland lie under pen, four of stroma are out of focus. */
const pen = { x: 0, y: glassPx, width: 128, height: 192 };
const blurred = { x: 384, y: 256, width: 128, height: 128 };

const never = (): AbortSignal => new AbortController().signal;

async function spoiledStudy(t: TestContext): Promise<LabelledProject> {
  const study = openLabelledProject();
  t.after(() => study.close());
  for (const [name, part] of [
    ['a', 'train'],
    ['b', 'validation'],
  ] as const) {
    const slide = await study.add(`${name}.tif`, { patient: name, ...(name === 'a' ? { pen, blurred } : {}) });
    study.labelBoth(slide.id);
    study.project.split.pin(name, part);
  }
  return study;
}

const planOf = (study: LabelledProject, rule: Partial<PatchRule> = {}) =>
  planProject(study.project, study, recipe, never(), { rule: { ...defaultPatchRule, ...rule } });

test('pen is left out by default and said; blurred patches are when they are asked for', async (t) => {
  const study = await spoiledStudy(t);
  const made = await planOf(study);
  const train = (plan: typeof made) => plan.summary.classes.map((one) => one.train);
  assert.deepEqual(train(made), [eachClass - 6, eachClass]);
  assert.deepEqual(made.summary.quality!.leftOut, { pen: 6, blurred: 0 });
  assert.ok(
    made.summary.warnings.some((line) => line.startsWith(`6 of ${4 * eachClass} labelled patches were left out`)),
  );
  const row = { patches: eachClass, pen: 0, blurred: 0, unmeasured: eachClass };
  assert.deepEqual(made.summary.quality!.flags, [
    { ...row, className: 'Gland', slide: 'a.tif', pen: 6 },
    { ...row, className: 'Stroma', slide: 'a.tif' },
    { ...row, className: 'Gland', slide: 'b.tif' },
    { ...row, className: 'Stroma', slide: 'b.tif' },
  ]);

  const kept = await planOf(study, { leaveOutPen: false });
  assert.deepEqual(train(kept), [eachClass, eachClass]);
  assert.equal(kept.summary.quality!.flags[0]!.pen, 6, 'they are flagged all the same');

  const strict = await planOf(study, { leaveOutBlurred: true });
  assert.deepEqual(train(strict), [eachClass - 6, eachClass - 4]);
  assert.deepEqual(strict.summary.quality!.leftOut, { pen: 6, blurred: 4 });
  assert.equal(strict.selection!.rule.leaveOutBlurred, true);
  assert.equal(new Set([made, kept, strict].map(({ planHash }) => planHash)).size, 3);

  // What was measured is kept: now it is known without asking.
  const again = await planOf(study);
  assert.deepEqual(
    again.summary.quality!.flags.map((one) => [one.blurred, one.unmeasured]),
    [
      [0, 0],
      [4, 0],
      [0, 0],
      [0, 0],
    ],
  );
});

test('a focus is measured once; a damaged cache is made anew', async (t) => {
  const study = await spoiledStudy(t);
  const asked: number[] = [];
  const pool = {
    ...study.pool,
    cutPatches: (...given: Parameters<typeof study.pool.cutPatches>) => {
      asked.push(given[1].patches.length);
      return study.pool.cutPatches(...given);
    },
  };
  const seen: number[] = [];
  const measure = () =>
    labelledPatches(study.project, { masks: study.masks, pool }, recipe, never(), {
      rule: defaultPatchRule,
      measure: true,
      onMeasured: (done, total) => seen.push(done / total),
    });
  const { candidates } = await measure();
  const flagged = candidates.filter(({ focus }) => focus! < defaultPatchRule.minFocus);
  assert.equal(flagged.length, 4);
  for (const { x, y } of flagged) assert.ok(x >= blurred.x && y >= blurred.y, `${x}, ${y}`);
  assert.equal(
    asked.reduce((a, b) => a + b, 0),
    4 * eachClass,
  );
  assert.equal(seen.at(-1), 1);
  asked.length = 0;
  assert.deepEqual((await measure()).candidates, candidates);
  assert.deepEqual(asked, []);
  const folder = join(study.project.folders.cache, 'focus');
  assert.equal(readdirSync(folder).length, 2);
  writeFileSync(join(folder, readdirSync(folder)[0]!), '{"version":1,"focus":{"0,0":"x"}}');
  assert.deepEqual((await measure()).candidates, candidates);
  assert.equal(
    asked.reduce((a, b) => a + b, 0),
    2 * eachClass,
  );
});

test('a threshold set by hand decides what is labelled, and stands in the plan', async (t) => {
  const study = await spoiledStudy(t);
  const slide = study.project.slides.find('a.tif');
  const before = await planOf(study, { leaveOutPen: false });
  study.project.slides.update(slide.id, { tissue: { penIsTissue: true } });
  const after = await planOf(study);
  assert.deepEqual(after.summary.quality!.leftOut, { pen: 0, blurred: 0 });
  assert.deepEqual(after.selection!.tissue[0], {
    fingerprint: slide.info.fingerprint,
    threshold: null,
    penIsTissue: true,
  });
  assert.notEqual(after.planHash, before.planHash);
  // A threshold above every score: all is bare, nothing is labelled by tissue, but regions drawn on bare slide still name patches.
  study.project.slides.update(slide.id, { tissue: { threshold: 255, penIsTissue: false } });
  const { candidates } = await labelledPatches(study.project, study, recipe, never());
  const own = candidates.filter(({ slideId }) => slideId === slide.id);
  assert.ok(own.length > 0 && own.every(({ tissue }) => tissue === 0));
});
