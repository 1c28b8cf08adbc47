import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accuracyOf,
  balancedAccuracyOf,
  classMetricsOf,
  confusionOf,
  logLossOf,
  predictedClasses,
} from '../../app/evaluation/metrics.ts';

// Worked by hand: 4 of class 0 (3 right), 2 of class 1 (1 right), none of class 2, which is predicted once.
const truth = [0, 0, 0, 0, 1, 1];
const predicted = [0, 0, 0, 1, 1, 2];
const confusion = confusionOf(truth, predicted, 3);

test('confusion counts truth by prediction', () => {
  assert.deepEqual([...confusion], [3, 1, 0, 0, 1, 1, 0, 0, 0]);
});

test('accuracy, and balanced accuracy over the classes that have patches', () => {
  assert.equal(accuracyOf(confusion, 3), 4 / 6);
  assert.equal(balancedAccuracyOf(confusion, 3), (3 / 4 + 1 / 2) / 2);
});

test('sensitivity, specificity and precision a class; null where there is nothing to divide by', () => {
  const [first, second, third] = classMetricsOf(confusion, ['a', 'b', 'c']);
  assert.deepEqual(first, { name: 'a', sensitivity: 3 / 4, specificity: 1, precision: 1, patches: 4 });
  assert.deepEqual(second, { name: 'b', sensitivity: 1 / 2, specificity: 3 / 4, precision: 1 / 2, patches: 2 });
  assert.deepEqual(third, { name: 'c', sensitivity: null, specificity: 5 / 6, precision: 0, patches: 0 });
  assert.equal(classMetricsOf(confusionOf([0], [0], 2), ['a', 'b'])[1]!.precision, null);
});

test('log loss, held finite for a certain mistake', () => {
  const loss = logLossOf([0, 1], [0.5, 0.5, 0.25, 0.75], 2);
  assert.ok(Math.abs(loss + (Math.log(0.5) + Math.log(0.75)) / 2) < 1e-12);
  assert.ok(Math.abs(logLossOf([0], [0, 1], 2) + Math.log(1e-7)) < 1e-12);
});

test('the predicted class is the first of the most probable', () => {
  assert.deepEqual([...predictedClasses([0.2, 0.7, 0.1, 0.4, 0.2, 0.4], 3)], [1, 0]);
});
