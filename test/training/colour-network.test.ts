import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomFor } from '../../app/core/random.ts';
import { colourFeatureCount, colourFeatures, trainColourBaseline } from '../../app/evaluation/colour-baseline.ts';
import { predictLogistic } from '../../app/evaluation/logistic-regression.ts';
import { onnxForward } from '../../app/inference/onnx-node.ts';
import { exportColourClassifier } from '../../app/training/colour-network.ts';

const sizePx = 24;
const classCount = 3;
const count = 12;

test('the graph of the colour baseline says what the baseline says', async () => {
  const random = randomFor(1, 'colours');
  const pixels = new Uint8Array(count * sizePx * sizePx * 3);
  for (let i = 0; i < pixels.length; i++) {
    const patch = Math.floor(i / (sizePx * sizePx * 3));
    pixels[i] = Math.floor(random.next() * 120) + (patch % classCount) * 60 + (i % 3) * 7;
  }
  const bytes = sizePx * sizePx * 3;
  const features = new Float32Array(count * colourFeatureCount);
  for (let patch = 0; patch < count; patch++) {
    colourFeatures(pixels.subarray(patch * bytes, (patch + 1) * bytes), features, patch * colourFeatureCount);
  }
  const labels = Array.from({ length: count }, (_, patch) => patch % classCount);
  const model = trainColourBaseline(features, labels, classCount);
  const expected = predictLogistic(model, features);
  const runner = await onnxForward.create(exportColourClassifier(model, sizePx), 1);
  const { probabilities } = await runner.run(pixels, count);
  await runner.close();
  assert.equal(probabilities!.length, expected.length);
  const largest = Math.max(...expected.map((value, i) => Math.abs(value - probabilities![i]!)));
  assert.ok(largest < 1e-4, `they differ by ${largest}`);
  assert.ok(Math.max(...expected) > 0.8, 'the classes are told apart');
});
