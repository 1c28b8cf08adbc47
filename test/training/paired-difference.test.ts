import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pairedDifference } from '../../app/training/paired-difference.ts';

test('with few patients the error is that of the mean over patches', () => {
  const { mean, standardError, unit } = pairedDifference([3, 5, 7, 9], [1, 1, 1, 1], ['a', 'a', 'b', 'b']);
  assert.equal(mean, 5);
  // Sample deviation of 2, 4, 6, 8 over sqrt(4).
  assert.ok(Math.abs(standardError - Math.sqrt(20 / 3) / 2) < 1e-12);
  assert.equal(unit, 'patch');
});

test('copies of a patch of one patient add no certainty where the error is clustered', () => {
  const patients = ['a', 'b', 'c', 'd', 'e', 'f'];
  const values = [1, 2, 0, 4, 3, 2];
  const zeros = (n: number): number[] => new Array<number>(n).fill(0);
  const once = pairedDifference(values, zeros(6), patients);
  const many = pairedDifference(
    values.flatMap((value) => new Array<number>(20).fill(value)),
    zeros(120),
    patients.flatMap((patient) => new Array<string>(20).fill(patient)),
  );
  assert.equal(many.unit, 'patient');
  assert.ok(Math.abs(once.standardError - many.standardError) < 1e-12);
});

test('no patches: no difference and no error', () => {
  assert.deepEqual(pairedDifference([], [], []), { mean: 0, standardError: 0, unit: 'patch' });
});
