import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { classWeightsFor, crossEntropy } from '../../app/training/loss.ts';
import { kerasNumbers } from '../reference/training-keras.ts';

await tf.setBackend('cpu');

const logits = (): tf.Tensor2D =>
  tf.tensor2d([
    [2, -1, 0.5],
    [0.1, 0.2, 0.3],
  ]);

test('cross-entropy from logits, smoothed or not, is what Keras gives', () => {
  for (const smoothing of ['0.0', '0.1'] as const) {
    const losses = tf.tidy(() => crossEntropy(tf, logits(), [0, 2], Number(smoothing), null).arraySync());
    for (const [i, loss] of losses.entries()) {
      assert.ok(Math.abs(loss - kerasNumbers.crossEntropy[smoothing][i]!) < 1e-6, `${loss}`);
    }
  }
});

test('a class weight multiplies the loss of its patches', () => {
  const [plain, weighted] = tf.tidy(() => [
    crossEntropy(tf, logits(), [0, 2], 0, null).arraySync(),
    crossEntropy(tf, logits(), [0, 2], 0, [1, 1, 3]).arraySync(),
  ]);
  assert.equal(weighted[0], plain[0]);
  assert.ok(Math.abs(weighted[1]! - 3 * plain[1]!) < 1e-6);
});

test('balanced weights give each class the same sum', () => {
  const labels = [0, 0, 0, 1];
  const loss = { labelSmoothing: 0, classWeights: 'balanced' as const };
  assert.deepEqual(classWeightsFor(loss, labels, 2), [4 / 6, 2]);
  assert.equal(classWeightsFor({ ...loss, classWeights: 'none' }, labels, 2), null);
});
