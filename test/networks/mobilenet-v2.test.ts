import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type * as tf from '@tensorflow/tfjs';
import { openEngine } from '../../app/engine/node.ts';
import { mobileNetV2 } from '../../app/networks/mobilenet-v2.ts';
import { readMobileNetV2Weights } from '../../app/networks/mobilenet-v2-node.ts';
import { lowerForward } from '../../app/networks/split-network.ts';
import { buildKernels } from '../../scripts/build-kernels.ts';
import { pictures, preprocessed } from './small-network.ts';

await buildKernels();
const engine = await openEngine('wasm', { threads: 2 });
const { tf: api } = engine;
after(() => engine.close());
const weights = await readMobileNetV2Weights();

test('the groups name every layer once, in order, with their channels', async () => {
  const model = await mobileNetV2.build(api, weights, 64);
  const grouped = mobileNetV2.groups.flatMap((group) => group.layers);
  assert.deepEqual(
    [...grouped].sort(),
    model.layers
      .slice(1)
      .map((layer) => layer.name)
      .sort(),
  );
  assert.deepEqual(
    mobileNetV2.groups.map((group) => group.name),
    ['stem', ...Array.from({ length: 16 }, (_, i) => `block_${i + 1}`), 'top'],
  );
  for (const group of mobileNetV2.groups) {
    const output = model.getLayer(group.output).output as tf.SymbolicTensor;
    assert.equal(output.shape.at(-1), group.channels, group.name);
  }
  model.dispose();
});

test('the weights are those that nsfwjs ships', () => {
  assert.equal(weights.sha256, '8e7dddbb16acacc1bf1601b1b8a761e730ff934b7f2d7771312b2f000e5f5f13');
  assert.match(mobileNetV2.provenance, /another purpose/);
});

test('a picture goes through any size as Keras would pad it', async () => {
  for (const [size, expected] of [
    [96, 3],
    [97, 4],
    [224, 7],
    [250, 8],
  ] as const) {
    // biome-ignore format: a table
    const model = await mobileNetV2.build(api, weights, size);
    const output = model.outputs[0]!;
    assert.deepEqual(output.shape, [null, expected, expected, 1280], `${size} px`);
    model.dispose();
  }
});

test('our own forward pass equals that of the layers and frees activations on the way', async () => {
  const model = await mobileNetV2.build(api, weights, 96);
  const x = preprocessed(api, mobileNetV2, pictures(2, 96), 96);
  const before = api.memory().numTensors;
  const own = lowerForward(api, model, 'out_relu')(x);
  assert.equal(api.memory().numTensors, before + 1);
  const held = api.memory().numBytes;
  const { peakBytes } = await api.profile(() => lowerForward(api, model, 'out_relu')(x));
  const shapes = model.layers.map(({ outputShape }) => outputShape.slice(1) as number[]);
  const all = shapes.reduce((sum, shape) => sum + 2 * 4 * shape.reduce((product, length) => product * length, 1), 0);
  assert.ok(peakBytes - held < 0.15 * all, `${peakBytes - held} of ${all}`);
  const expected = model.predict(x) as tf.Tensor;
  const difference = own.sub(expected).abs().max().dataSync()[0]!;
  assert.ok(difference < 1e-4, `${difference}`);
  assert.ok(expected.max().dataSync()[0]! > 1);
  model.dispose();
});

test('building and disposing leaves no tensor behind', async () => {
  const before = api.memory().numTensors;
  (await mobileNetV2.build(api, weights, 64)).dispose();
  assert.equal(api.memory().numTensors, before);
});

test('a size that cannot be, and weights with a hole, are refused', async () => {
  await assert.rejects(mobileNetV2.build(api, weights, 16), { code: 'network/input-size' });
  await assert.rejects(mobileNetV2.build(api, weights, 64.5), { code: 'network/input-size' });
  const specs = weights.specs.map((spec) => ({ ...spec, name: spec.name.replace('block_3_project_BN', 'other') }));
  await assert.rejects(mobileNetV2.build(api, { ...weights, specs }, 64), {
    code: 'network/weights-incomplete',
    fields: { layer: 'block_3_project_BN' },
  });
});
