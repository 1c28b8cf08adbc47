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
  serial: 7,
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
    middle: null,
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

test('a position in mid-epoch comes back to the last bit', async () => {
  const start = { weights: checkpoint.weights, optimizer: checkpoint.state.optimizer };
  const middle = { batches: 5, lossSum: 0.1 + 0.2, hits: 17, step: 41, start };
  const inside: EpochCheckpoint = { ...checkpoint, best: null, state: { ...checkpoint.state, middle } };
  assert.deepEqual(await decodeCheckpoint(await encodeCheckpoint(inside)), inside);
});

test('a file that was cut off anywhere, or in which one bit is another, is refused', async () => {
  const bytes = await encodeCheckpoint(checkpoint);
  const cut = Array.from({ length: 40 }, (_, i) => bytes.slice(0, Math.floor((bytes.length * i) / 40)));
  const flipped = Array.from({ length: 40 }, (_, i) => {
    const other = bytes.slice();
    other[Math.floor(((bytes.length - 1) * i) / 39)]! ^= 1 << (i % 8);
    return other;
  });
  const grown = new Uint8Array([...bytes, 0]);
  for (const broken of [...cut, ...flipped, grown, new Uint8Array(100)]) {
    await assert.rejects(decodeCheckpoint(broken), { code: 'train/broken-checkpoint' });
  }
});
