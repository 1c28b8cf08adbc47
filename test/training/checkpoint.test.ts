import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCheckpoint, type EpochCheckpoint, encodeCheckpoint } from '../../app/training/checkpoint.ts';
import { initialStop } from '../../app/training/early-stopping.ts';
import { initialPlateau } from '../../app/training/schedules.ts';

const checkpoint: EpochCheckpoint = {
  origin: {
    planHash: 'abc',
    appVersion: '0.1.0',
    engine: 'wasm',
    attach: 'block_9',
    phase: 'head',
    phaseIndex: 0,
    epoch: 3,
    valLoss: 0.25,
    valAccuracy: 0.9,
  },
  weights: [
    { name: 'logits/kernel', shape: [2, 2], values: new Float32Array([1, -2, 3.5, 1e-20]) },
    { name: 'logits/bias', shape: [2], values: new Float32Array([0.1, 0.2]) },
  ],
  reach: 2,
  state: {
    optimizer: {
      step: 36,
      moments: [
        { name: 'logits/kernel', first: new Float32Array([1, 2, 3, 4]), second: new Float32Array([5, 6, 7, 8]) },
        { name: 'logits/bias', first: new Float32Array([9, 10]), second: new Float32Array([11, 12]) },
      ],
    },
    stop: { ...initialStop, wait: 2 },
    plateau: initialPlateau,
    step: 36,
    lowestLoss: 0.3,
    divergingEpochs: 0,
    halvings: 0,
  },
  best: { epoch: 2, valLoss: 0.2, valAccuracy: 0.95, losses: new Float32Array([0.1, 0.3]), weights: [] },
  undo: [{ name: 'logits/bias', shape: [2], values: new Float32Array([0, 0]) }],
  before: null,
  undone: 0,
};

test('a checkpoint comes back as it was, infinities and optimizer state included', async () => {
  assert.deepEqual(await decodeCheckpoint(await encodeCheckpoint(checkpoint)), checkpoint);
  const { origin, weights } = checkpoint;
  assert.deepEqual(await decodeCheckpoint(await encodeCheckpoint({ origin, weights })), { origin, weights });
});

test('a changed, shortened or foreign file is refused', async () => {
  const bytes = await encodeCheckpoint(checkpoint);
  const changed = bytes.slice();
  changed[changed.length - 3]! ^= 1;
  for (const broken of [changed, bytes.slice(0, -4), bytes.slice(0, 40), new Uint8Array(3), new Uint8Array(100)]) {
    await assert.rejects(decodeCheckpoint(broken), { code: 'train/broken-checkpoint' });
  }
});
