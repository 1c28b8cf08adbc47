import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { writeWhole } from '../../app/files/write-whole.ts';
import { type FoldResult, foldPlans, foldSpread, trainFolds } from '../../app/jobs/cross-validate.ts';
import { planFolders } from '../../app/jobs/plan-folders.ts';
import { summarise, type TrainPlan } from '../../app/jobs/train-plan.ts';
import { checkRecipe } from '../../app/training/recipe-book.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const recipe = checkRecipe({
  name: 'small',
  backbone: 'mobilenet-v2',
  input: { sizePx: 64 },
  phases: [{ name: 'head', unfreeze: 0, epochs: 1, learningRate: 1e-3 }],
});

/** `patients` patients with two pictures of each of two classes; the first patient stands in both folders. */
async function planOf(folder: string, patients: number): Promise<TrainPlan> {
  const rows = ['file,group'];
  for (let p = 0; p < patients; p++) {
    for (const name of ['a', 'b']) {
      for (const part of p === 0 ? ['train', 'val'] : [p % 3 === 0 ? 'val' : 'train']) {
        const file = `${part}/${name}/${p}-${part}.png`;
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), '');
        rows.push(`${file},patient ${p}`);
      }
    }
  }
  const groups = join(folder, 'groups.csv');
  writeFileSync(groups, rows.join('\n'));
  const folders = { train: join(folder, 'train'), validation: join(folder, 'val'), test: null, groups, mpp: null };
  return await planFolders(folders, recipe, true);
}

test('every patch is judged once, by a training that has not seen its patient', async (t) => {
  const plan = await planOf(tempFolder(t), 7);
  const plans = foldPlans(plan, 5);
  assert.equal(plans.length, 5);
  const judged = plans.flatMap(({ patches }) =>
    patches.filter(({ part }) => part === 'test').map(({ index }) => index),
  );
  assert.deepEqual(
    judged.toSorted((a, b) => a - b),
    plan.patches.map(({ index }) => index),
  );
  for (const { patches, summary } of plans) {
    const partOf = new Map<string, string>();
    for (const { patient, part } of patches) {
      assert.equal(partOf.get(patient) ?? part, part, patient);
      partOf.set(patient, part);
    }
    assert.ok(summary.patients.train > 0 && summary.patients.validation > 0 && summary.patients.test > 0);
  }
  assert.equal(new Set(plans.map(({ planHash }) => planHash)).size, 5);
  assert.deepEqual(foldPlans(plan, 5), plans, 'the same seed deals the same folds');
});

test('one in eight of the patients that a fold is not judged on chooses, and the others are learned from', async (t) => {
  for (const { summary } of foldPlans(await planOf(tempFolder(t), 40), 5)) {
    assert.deepEqual(summary.patients, { ...summary.patients, train: 28, validation: 4, test: 8 });
  }
});

/** The plan with patches of class b of the first `patients` patients only. */
function withFewOfB(plan: TrainPlan, patients: number): TrainPlan {
  const patches = plan.patches.filter(({ classIndex, patient }) => classIndex === 0 || patient < `patient ${patients}`);
  return { ...plan, patches, summary: summarise({ ...plan, patches }, 0, []) };
}

test('a class of too few patients is refused by name', async (t) => {
  const plan = await planOf(tempFolder(t), 7);
  assert.throws(() => foldPlans(withFewOfB(plan, 2), 5), { code: 'plan/few-patients', message: /^b has 2 patients/ });
});

test('there are no more folds than the rarest class has patients, and each fold has all classes', async (t) => {
  const plans = foldPlans(withFewOfB(await planOf(tempFolder(t), 7), 3), 5);
  assert.equal(plans.length, 3);
  for (const { summary } of plans)
    for (const { train, validation, test: own } of summary.classes) assert.ok(train > 0 && validation > 0 && own > 0);
});

const result = (fold: number, value: number): FoldResult => {
  const interval = { value, low: value, high: value, unit: 'patient' as const };
  const evaluation = { patches: 4, patients: 2, accuracy: interval, balancedAccuracy: interval, loss: 1 - value };
  const more = { classes: [], confusion: [], colourBaseline: null };
  return { fold, modelFolder: 'm', attach: 'top', test: { ...evaluation, ...more } };
};

test('mean and spread count each fold alike', () => {
  const { accuracy, loss } = foldSpread([result(1, 0.8), result(2, 0.9), result(3, 1)]);
  assert.ok(Math.abs(accuracy.mean - 0.9) < 1e-12 && Math.abs(accuracy.deviation - 0.1) < 1e-12);
  assert.ok(Math.abs(loss.mean - 0.1) < 1e-12);
});

test('folds that are finished are not trained again; another plan is', async (t) => {
  const folder = tempFolder(t);
  const plan = await planOf(folder, 7);
  const run = join(folder, 'run');
  for (const [i, { planHash }] of foldPlans(plan, 3).entries()) {
    await writeWhole(
      join(run, `fold-${i + 1}`, 'result.json'),
      JSON.stringify({ planHash, result: result(i + 1, 0.9) }),
    );
  }
  // Nothing can be trained with these; that a training starts shows as its refusal.
  const deps = {
    pool: null as never,
    startProcess: () => {
      throw new Error('no process here');
    },
    backbones: {
      source: () => {
        throw new Error('a training starts');
      },
    } as never,
    appVersion: '0',
    threads: 1,
  };
  const told: number[] = [];
  const call = (given: TrainPlan) =>
    trainFolds(
      deps,
      { runFolder: run, plan: given, engine: null, modelId: 'm', modelName: 'm' },
      3,
      (fold) => told.push(fold),
      () => {},
      new AbortController().signal,
    );
  assert.deepEqual(await call(plan), [result(1, 0.9), result(2, 0.9), result(3, 0.9)]);
  assert.deepEqual(told, [1, 2, 3]);
  await assert.rejects(call({ ...plan, recipe: { ...plan.recipe, seed: 2 } }), /a training starts/);
  rmSync(run, { recursive: true });
});
