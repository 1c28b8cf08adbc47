import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomFor } from '../../app/core/random.ts';
import { bootstrapIntervals } from '../../app/evaluation/bootstrap.ts';
import { evaluate } from '../../app/evaluation/evaluate.ts';
import { accuracyOf } from '../../app/evaluation/metrics.ts';

const classNames = ['a', 'b'];

/** `patients` patients of `each` patches; within a patient all answers are right or all are wrong. */
function clustered(patients: number, each: number): { truth: number[]; predicted: number[]; names: string[] } {
  const truth: number[] = [];
  const predicted: number[] = [];
  const names: string[] = [];
  for (let p = 0; p < patients; p++) {
    for (let i = 0; i < each; i++) {
      truth.push(i % 2);
      predicted.push(p % 4 === 0 ? 1 - (i % 2) : i % 2);
      names.push(`p${p}`);
    }
  }
  return { truth, predicted, names };
}

test('patches of one patient are alike: drawn by patient the interval is as wide as the patients make it', () => {
  const { truth, predicted, names } = clustered(20, 50);
  const common = { truth, predicted, classCount: 2, seed: 1 };
  const [byPatient] = bootstrapIntervals({ ...common, patients: names }, [accuracyOf]);
  const [byPatch] = bootstrapIntervals({ ...common, patients: null }, [accuracyOf]);
  // Standard error of a share of 0.75: over 20 patients 0.097, over 1,000 patches 0.014.
  assert.equal(byPatient!.unit, 'patient');
  assert.equal(byPatient!.value, 0.75);
  assert.ok(Math.abs(byPatient!.high - byPatient!.low - 4 * 0.097) < 0.08, `${byPatient!.low} - ${byPatient!.high}`);
  assert.equal(byPatch!.unit, 'patch-level, unknown patients');
  assert.ok(Math.abs(byPatch!.high - byPatch!.low - 4 * 0.0137) < 0.012, `${byPatch!.low} - ${byPatch!.high}`);
});

test('the interval holds the true value about 95 times of 100', () => {
  let held = 0;
  for (let run = 0; run < 100; run++) {
    const random = randomFor(run, 'coverage');
    const truth = Array.from({ length: 200 }, () => random.integer(2));
    const predicted = truth.map((t) => (random.next() < 0.8 ? t : 1 - t));
    const [interval] = bootstrapIntervals({ truth, predicted, classCount: 2, patients: null, seed: run, draws: 400 }, [
      accuracyOf,
    ]);
    if (interval!.low <= 0.8 && interval!.high >= 0.8) held++;
  }
  assert.ok(held >= 88 && held <= 100, `${held} of 100`);
});

test('the same seed gives the same interval, and one patient is named as such', () => {
  const { truth, predicted } = clustered(4, 25);
  const input = { truth, predicted, classCount: 2, patients: truth.map(() => 'only'), seed: 7 };
  const [one] = bootstrapIntervals(input, [accuracyOf]);
  assert.equal(one!.unit, 'patch-level, one patient');
  assert.deepEqual(bootstrapIntervals(input, [accuracyOf])[0], one);
  assert.notDeepEqual(bootstrapIntervals({ ...input, seed: 8 }, [accuracyOf])[0], one);
});

test('an evaluation holds what the report shows', () => {
  const evaluation = evaluate({
    truth: [0, 0, 1, 1],
    probabilities: [0.9, 0.1, 0.4, 0.6, 0.2, 0.8, 0.1, 0.9],
    classNames,
    patients: ['p', 'p', 'q', 'q'],
    seed: 1,
    colourBaseline: 0.5,
  });
  assert.equal(evaluation.patches, 4);
  assert.equal(evaluation.patients, 2);
  assert.equal(evaluation.accuracy.value, 0.75);
  assert.equal(evaluation.balancedAccuracy.value, 0.75);
  assert.deepEqual(evaluation.confusion, [
    [1, 1],
    [0, 2],
  ]);
  assert.equal(evaluation.classes[1]!.precision, 2 / 3);
  assert.equal(evaluation.colourBaseline, 0.5);
  const loss = -(Math.log(0.9) + Math.log(0.4) + Math.log(0.8) + Math.log(0.9)) / 4;
  assert.ok(Math.abs(evaluation.loss - loss) < 1e-12);
});

test('nothing to evaluate on is an error with a way out', () => {
  const nothing = { truth: [], probabilities: [], classNames, patients: null, seed: 1, colourBaseline: null };
  assert.throws(() => evaluate(nothing), { code: 'evaluation/empty' });
});
