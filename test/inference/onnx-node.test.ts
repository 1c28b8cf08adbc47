import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EosinError } from '../../app/core/errors.ts';
import { pooledFeatures } from '../../app/inference/features.ts';
import { onnxForward, ortReport } from '../../app/inference/onnx-node.ts';
import { tinyOnnx } from '../fixtures/tiny-onnx.ts';

const kernel = [
  [0.02, -0.01],
  [0.01, 0.03],
  [-0.02, 0.005],
];
const bias = [0.3, -0.2];

/** What the tiny graph must give for one picture of a single colour. */
function expected(rgb: readonly number[]): number[] {
  const logits = bias.map((b, k) => rgb.reduce((sum, value, c) => sum + value * kernel[c]![k]!, b));
  const top = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - top));
  return powers.map((power) => power / powers.reduce((a, b) => a + b));
}

test('probabilities of uint8 pictures, in the order of the batch, for full and short batches', async () => {
  const runner = await onnxForward.create(tinyOnnx({ sizePx: 8, kernel, bias }), 1);
  try {
    const colours = [
      [200, 10, 40],
      [0, 0, 0],
      [255, 255, 255],
    ];
    const pixels = new Uint8Array(4 * 64 * 3); // room for four, three used
    colours.forEach((rgb, i) => {
      for (let p = 0; p < 64; p++) pixels.set(rgb, (i * 64 + p) * 3);
    });
    for (const count of [3, 1]) {
      const { probabilities } = await runner.run(pixels, count);
      assert.equal(probabilities!.length, count * 2);
      for (let i = 0; i < count; i++) {
        expected(colours[i]!).forEach((p, k) => {
          assert.ok(Math.abs(probabilities![i * 2 + k]! - p) < 1e-6, `picture ${i} class ${k}`);
        });
      }
    }
    await assert.rejects(runner.run(pixels, 5), RangeError);
  } finally {
    await runner.close();
  }
});

test('bytes that are no graph, and a graph of another input, are refused with a code', async () => {
  await assert.rejects(onnxForward.create(new Uint8Array([1, 2, 3]), 1), isBroken);
  const other = Buffer.from(tinyOnnx({ sizePx: 8, kernel, bias }));
  // The same graph with its input called otherwise.
  const renamed = Buffer.from(other.toString('latin1').replaceAll('pixels', 'pixelz'), 'latin1');
  await assert.rejects(onnxForward.create(renamed, 1), isBroken);
});

test('the doctor gets a rate of a usable graph and the reason of an unusable one', async () => {
  const good = await ortReport(tinyOnnx({ sizePx: 8, kernel, bias }), 1, 0.05);
  assert.equal(good.usable, true);
  assert.equal(good.kind, 'inference');
  assert.ok(good.forwardPerSecond! > 0);
  const bad = await ortReport(new Uint8Array([9]), 1, 0.05);
  assert.equal(bad.usable, false);
  assert.ok(bad.reason!.length > 0);
  assert.equal(bad.forwardPerSecond, null);
});

test('pooled features: vectors as they are, maps averaged over their cells', async () => {
  const runner = {
    // Two pictures; `map` is [2, 1, 2, 2], `vector` [2, 2].
    run: async () => ({ map: Float32Array.of(1, 10, 3, 30, 5, 50, 7, 70), vector: Float32Array.of(1, 2, 3, 4) }),
    close: async () => {},
  };
  const pixels = new Uint8Array(0);
  const rows = (vectors: Float32Array[]): number[][] => vectors.map((vector) => [...vector]);
  assert.deepEqual(rows(await pooledFeatures(runner, pixels, 2, 'map', 2)), [
    [2, 20],
    [6, 60],
  ]);
  assert.deepEqual(rows(await pooledFeatures(runner, pixels, 2, 'vector', 2)), [
    [1, 2],
    [3, 4],
  ]);
  await assert.rejects(pooledFeatures(runner, pixels, 2, 'block_99', 2), (error: EosinError) => {
    assert.equal(error.code, 'features/no-layer');
    assert.match(error.remedy, /map, vector/);
    return true;
  });
});

function isBroken(error: unknown): boolean {
  return error instanceof EosinError && error.code === 'model/broken';
}
