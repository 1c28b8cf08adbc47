import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlannedPatch } from '../../app/training/ports.ts';
import { trainingData } from '../../app/training/training-data.ts';

const recipe = { capPerClass: null, seed: 1 };
const patch = (index: number, part: PlannedPatch['part'], classIndex: number, patient = part): PlannedPatch => ({
  index,
  part,
  classIndex,
  patient,
  region: `r${index}`,
});
const good = [
  patch(0, 'train', 0),
  patch(1, 'train', 1),
  patch(2, 'train', 1),
  patch(3, 'validation', 0),
  patch(4, 'test', 1),
];

test('patches go to their parts, and the cap is a class', () => {
  const data = trainingData(good, ['a', 'b'], { ...recipe, capPerClass: 1 }, true);
  assert.equal(data.train.length, 2);
  assert.deepEqual(data.train.map(({ classIndex }) => classIndex).sort(), [0, 1]);
  assert.deepEqual([data.validation.length, data.test.length], [1, 1]);
});

test('what cannot be trained honestly is refused', () => {
  const leak = [...good, patch(5, 'validation', 0, 'train')];
  assert.throws(() => trainingData(leak, ['a', 'b'], recipe, true), { code: 'split/leak' });
  assert.throws(() => trainingData(good, ['a', 'b', 'c'], recipe, true), { code: 'train/empty-class', message: /'c'/ });
  assert.throws(() => trainingData(good, ['a'], recipe, true), { code: 'train/one-class' });
  const blind = good.filter(({ part }) => part !== 'validation');
  assert.throws(() => trainingData(blind, ['a', 'b'], recipe, true), { code: 'train/no-validation' });
});
