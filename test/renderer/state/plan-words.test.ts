import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanSummary } from '../../../app/core/run.ts';
import { costWords, leakWords, thinWords } from '../../../renderer/state/plan-words.ts';

const summary = (known: boolean): PlanSummary => ({
  classes: [
    {
      name: 'Normal',
      train: 300,
      validation: 80,
      test: 0,
      patients: 4,
      patientsOf: { train: 3, validation: 2, test: 0 },
    },
    {
      name: 'Squamous',
      train: 90,
      validation: 14,
      test: 0,
      patients: 3,
      patientsOf: { train: 2, validation: 1, test: 0 },
    },
    {
      name: 'Adeno',
      train: 12,
      validation: 40,
      test: 0,
      patients: 4,
      patientsOf: { train: 2, validation: 2, test: 0 },
    },
  ],
  patients: { train: 4, validation: 2, test: 0, known },
  ...{ slides: 6, sizePx: 224, mpp: 0.5, storeBytes: 1, warnings: [] },
});

test('what is thin is said a class and part', () => {
  assert.deepEqual(thinWords(summary(true)), [
    'Adeno: only 12 patches in training',
    'Squamous: 14 patches of one patient in validation',
  ]);
  assert.deepEqual(thinWords(summary(false)).at(-1), 'Squamous: only 14 patches in validation');
});

test('the leakage check says what it can', () => {
  assert.equal(
    leakWords(summary(true)),
    '4 patients to learn from, 2 to judge by, none for a test; nobody is in two parts.',
  );
  assert.match(leakWords(summary(false)), /nobody can say/);
});

test('the cost is an estimate, and says so', () => {
  const cost = { seconds: 700, cacheBytes: 40e6, memoryBytes: 9e8 };
  assert.equal(
    costWords(cost, 20e6),
    'About 11 min at the most, less where a phase stops early. About 60.0 MB of disk and 900 MB of memory while it trains.',
  );
  assert.match(costWords({ ...cost, seconds: null }, 0), /^How long it takes is said once/);
});
