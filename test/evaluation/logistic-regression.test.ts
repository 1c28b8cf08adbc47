import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomFor } from '../../app/core/random.ts';
import { fitLogistic, type LogisticModel, predictLogistic } from '../../app/evaluation/logistic-regression.ts';
import { logLossOf, predictedClasses } from '../../app/evaluation/metrics.ts';

/** Normal clouds around centres that differ by class in the first features. */
function clouds(n: number, d: number, classCount: number, gap: number, seed: number): { x: Float32Array; y: number[] } {
  const random = randomFor(seed, 'clouds');
  const x = new Float32Array(n * d);
  const y = Array.from({ length: n }, (_, i) => i % classCount);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) x[i * d + j] = 5 + 3 * (random.normal() + (j === y[i] ? gap : 0));
  }
  return { x, y };
}

/** The objective, written down anew: mean log loss and penalty in standardised features. */
function objective(model: LogisticModel, x: Float32Array, y: readonly number[], l2: number): number {
  const d = model.featureCount;
  let penalty = 0;
  for (let c = 0; c < model.classCount; c++) {
    for (let j = 0; j < d; j++) penalty += model.weights[c * (d + 1) + j]! ** 2;
  }
  return logLossOf(y, predictLogistic(model, x), model.classCount) + (l2 / 2) * penalty;
}

test('no step in any direction makes the objective smaller', () => {
  const { x, y } = clouds(120, 6, 3, 1.2, 1);
  const l2 = 0.05;
  const model = fitLogistic(x, y, 3, { l2, tolerance: 1e-8 });
  const best = objective(model, x, y, l2);
  for (let k = 0; k < model.weights.length; k++) {
    for (const step of [-1e-2, 1e-2]) {
      const weights = model.weights.map((w, i) => (i === k ? w + step : w));
      assert.ok(objective({ ...model, weights }, x, y, l2) > best - 1e-7);
    }
  }
});

test('two classes and one feature: the slope that the normal equations of the model ask for', () => {
  // At the optimum the residuals are orthogonal to the feature, up to the penalty.
  const { x, y } = clouds(400, 1, 2, 1.5, 2);
  const l2 = 0.1;
  const model = fitLogistic(x, y, 2, { l2, tolerance: 1e-9 });
  const p = predictLogistic(model, x);
  let moment = 0;
  for (let i = 0; i < 400; i++) {
    moment += ((p[2 * i]! - (y[i] === 0 ? 1 : 0)) * (x[i]! - model.mean[0]!) * model.scale[0]!) / 400;
  }
  assert.ok(Math.abs(moment + l2 * model.weights[0]!) < 1e-5);
});

test('it separates what can be separated, and a constant feature or a far offset does no harm', () => {
  const { x, y } = clouds(300, 20, 4, 6, 3);
  for (let i = 0; i < 300; i++) x[i * 20 + 19] = 1e4;
  const model = fitLogistic(x, y, 4, { l2: 1e-3 });
  assert.equal(model.scale[19], 0);
  assert.deepEqual([...predictedClasses(predictLogistic(model, x), 4)], y);
});

test('balanced weights answer for the rare class as often as for the common one', () => {
  const random = randomFor(4, 'rare');
  const n = 1000;
  const y = Array.from({ length: n }, (_, i) => (i % 20 === 0 ? 1 : 0));
  const x = Float32Array.from(y, (label) => random.normal() + label);
  const recallOfRare = (balanced: boolean): number => {
    const predicted = predictedClasses(predictLogistic(fitLogistic(x, y, 2, { l2: 1e-3, balanced }), x), 2);
    return predicted.filter((p, i) => p === 1 && y[i] === 1).length / (n / 20);
  };
  assert.ok(recallOfRare(false) < 0.2);
  assert.ok(recallOfRare(true) > 0.5);
});

test('more features than rows, the same result each time, and a warm start that arrives where the cold one did', () => {
  const { x, y } = clouds(90, 300, 3, 1.5, 5);
  const cold = fitLogistic(x, y, 3, { l2: 0.1, tolerance: 1e-7 });
  assert.deepEqual(fitLogistic(x, y, 3, { l2: 0.1, tolerance: 1e-7 }), cold);
  const start = fitLogistic(x, y, 3, { l2: 1 });
  const warm = fitLogistic(x, y, 3, { l2: 0.1, tolerance: 1e-7, start });
  assert.ok(Math.abs(objective(warm, x, y, 0.1) - objective(cold, x, y, 0.1)) < 1e-6);
});

test('rows that do not fit the labels are refused', () => {
  assert.throws(() => fitLogistic(new Float32Array(7), [0, 1, 0], 2, { l2: 1 }), RangeError);
});
