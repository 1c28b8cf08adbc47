import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgePhase } from '../../app/training/verdict.ts';

const patients = ['a', 'b', 'c', 'd', 'e', 'f'];
const losses = (...values: number[]): Float32Array => new Float32Array(values);

test('a rung needs a fall of more than one standard error, a phase of the recipe any fall', () => {
  const before = losses(1, 1, 1, 1, 1, 1);
  const little = losses(0, 1.8, 0.2, 1.6, 0.9, 1.3);
  const clear = losses(0.7, 0.8, 0.75, 0.7, 0.8, 0.75);
  assert.equal(judgePhase(before, little, patients, true).kept, false);
  assert.equal(judgePhase(before, little, patients, false).kept, true);
  assert.equal(judgePhase(before, clear, patients, true).kept, true);
  assert.equal(judgePhase(clear, before, patients, false).kept, false);
  assert.match(judgePhase(before, clear, patients, true).reason, /1\.0000 -> 0\.7500.*standard error .* patches/);
});

test('a phase that changes nothing is undone', () => {
  assert.equal(judgePhase(losses(1, 2), losses(1, 2), ['a', 'b'], false).kept, false);
});
