import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LearningPart, microBatchFor, trainingBytes } from '../../app/core/training-memory.ts';

/** All layers of MobileNetV2 at 224 px. */
const whole: LearningPart = { values: 15.6e6, weights: 2.3e6, learning: 2.2e6 };
const head: LearningPart = { values: 1280, weights: 2.3e6, learning: 6405 };

/** Largest resident sizes of training processes, as `npm run bench engine` prints them; on webgpu what its buffers take. */
test('estimates are within a quarter of what was used', () => {
  for (const [engine, pictures, measured] of [
    ['wasm', 8, 996e6],
    ['wasm', 16, 1567e6],
    ['native-cpu', 8, 1375e6],
    ['native-cpu', 16, 2143e6],
    ['webgpu', 1, 313e6],
    ['webgpu', 2, 452e6],
  ] as const) {
    const ratio = trainingBytes(whole, pictures, engine) / measured;
    assert.ok(Math.abs(ratio - 1) < 0.25, `${engine}, ${pictures}: ${ratio}`);
  }
});

test('micro-batches are as large as the bound allows, and even', () => {
  assert.equal(microBatchFor(head, 32, 'wasm'), 32);
  const most = microBatchFor(whole, 1000, 'wasm');
  assert.ok(trainingBytes(whole, most, 'wasm') <= 2.3e9 && trainingBytes(whole, most + 2, 'wasm') > 2.3e9);
  assert.equal(microBatchFor(whole, 32, 'webgpu'), 11, 'three thirds');
  assert.equal(microBatchFor(whole, 32, 'wasm'), 16, 'two halves, not 20 and 12');
  assert.equal(microBatchFor({ ...whole, learning: 1e9 }, 32, 'wasm'), 1, 'one picture always goes');
});
