import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type * as tf from '@tensorflow/tfjs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Recipe } from '../../app/core/recipe.ts';
import { openEngine } from '../../app/engine/node.ts';
import type { Backbone } from '../../app/networks/backbone.ts';
import { exportClassifier, exportOnnx, type OnnxOutput } from '../../app/networks/export-onnx.ts';
import { mobileNetV2 } from '../../app/networks/mobilenet-v2.ts';
import { readMobileNetV2Weights } from '../../app/networks/mobilenet-v2-node.ts';
import { attachHead, type Network } from '../../app/networks/network.ts';
import { buildKernels } from '../../scripts/build-kernels.ts';
import { pictures, preprocessed, smallBackbone, smallModel } from './small-network.ts';

await buildKernels();
const engine = await openEngine('wasm', { threads: 2 });
const { tf: api } = engine;
after(() => engine.close());
const weights = await readMobileNetV2Weights();
const HEAD: Recipe['head'] = {
  kind: 'new',
  pooling: 'average',
  dense: [],
  activation: 'relu',
  dropout: 0.2,
  l2: 0,
  start: 'random',
};

async function runOnnx(onnx: Uint8Array, pixels: Uint8Array, sizePx: number): Promise<Record<string, Tensor>> {
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 });
  const count = pixels.length / (sizePx * sizePx * 3);
  const outputs = await session.run({ pixels: new Tensor('uint8', pixels, [count, sizePx, sizePx, 3]) });
  await session.release();
  return outputs as Record<string, Tensor>;
}

/** What TensorFlow.js' own layers make of it. */
async function predict(model: tf.LayersModel, layer: string, x: tf.Tensor): Promise<tf.Tensor> {
  const part = api.model({ inputs: model.inputs, outputs: model.getLayer(layer).output });
  return part.predict(x) as tf.Tensor;
}

function assertClose(found: Tensor, expected: tf.Tensor, label: string): void {
  assert.deepEqual(found.dims, expected.shape, label);
  const values = expected.dataSync();
  let [difference, largest] = [0, 0];
  values.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - (found.data[i] as number)));
    largest = Math.max(largest, Math.abs(value));
  });
  assert.ok(largest > 0, `${label}: all zero`);
  assert.ok(difference / Math.max(1, largest) < 1e-4, `${label}: off by ${difference} of ${largest}`);
}

async function assertClassifier(network: Network, backbone: Backbone, sizePx: number): Promise<void> {
  const pixels = pictures(2, sizePx);
  const { probabilities } = await runOnnx(await exportClassifier(network), pixels, sizePx);
  const x = preprocessed(api, backbone, pixels, sizePx);
  const expected = network.model.predict(x) as tf.Tensor;
  assertClose(probabilities!, expected, 'probabilities');
  api.dispose([x, expected]);
}

test('the whole of MobileNetV2 with a head', async () => {
  const base = await mobileNetV2.build(api, weights, 128);
  await assertClassifier(attachHead(api, mobileNetV2, base, 'last', HEAD, 5, 1), mobileNetV2, 128);
  base.dispose();
});

test('MobileNetV2 at an odd size, attached in the middle, with max pooling and dense layers', async () => {
  const base = await mobileNetV2.build(api, weights, 101);
  const head: Recipe['head'] = { ...HEAD, pooling: 'max', dense: [24, 8] };
  await assertClassifier(attachHead(api, mobileNetV2, base, 'block_8', head, 3, 2), mobileNetV2, 101);
  base.dispose();
});

test('every depth in one pass, pooled, equals the layers', async () => {
  const base = await mobileNetV2.build(api, weights, 96);
  const outputs = mobileNetV2.groups.map(({ name, output }): OnnxOutput => ({ name, layer: output, pooled: true }));
  const onnx = await exportOnnx({ model: base, preprocessing: mobileNetV2.preprocessing, outputs });
  const pixels = pictures(2, 96);
  const found = await runOnnx(onnx, pixels, 96);
  const x = preprocessed(api, mobileNetV2, pixels, 96);
  for (const group of mobileNetV2.groups) {
    const map = await predict(base, group.output, x);
    const pooled = map.mean([1, 2]);
    assertClose(found[group.name]!, pooled, group.name);
    api.dispose([map, pooled]);
  }
  api.dispose(x);
  base.dispose();
});

for (const name of ['stem', 'block_3', 'block_10']) {
  test(`the raw activations of ${name} are NHWC`, async () => {
    const base = await mobileNetV2.build(api, weights, 64);
    const group = mobileNetV2.groups.find((each) => each.name === name)!;
    const outputs = [{ name: 'activations', layer: group.output, pooled: false }];
    const onnx = await exportOnnx({ model: base, preprocessing: mobileNetV2.preprocessing, outputs });
    const pixels = pictures(2, 64);
    const x = preprocessed(api, mobileNetV2, pixels, 64);
    const expected = await predict(base, group.output, x);
    const { activations } = await runOnnx(onnx, pixels, 64);
    assertClose(activations!, expected, name);
    api.dispose([x, expected]);
    base.dispose();
  });
}

for (const sizePx of [32, 37]) {
  test(`every layer kind, BGR minus mean, 'same' with stride 2 at ${sizePx} px`, async () => {
    const model = smallModel(api, sizePx);
    const outputs = [
      ...smallBackbone.groups.map(({ name, output }) => ({ name, layer: output, pooled: false })),
      { name: 'before normalisation', layer: 'c1', pooled: false },
      { name: 'padded', layer: 'pad', pooled: false },
    ];
    const onnx = await exportOnnx({ model, preprocessing: smallBackbone.preprocessing, outputs });
    const pixels = pictures(2, sizePx);
    const x = preprocessed(api, smallBackbone, pixels, sizePx);
    const found = await runOnnx(onnx, pixels, sizePx);
    for (const { name, layer } of outputs) {
      const expected = await predict(model, layer, x);
      assertClose(found[name]!, expected, name);
      expected.dispose();
    }
    x.dispose();
    model.dispose();
  });
}

test('a layer without an ONNX form is refused by name', async () => {
  const input = api.input({ shape: [8, 8, 3] });
  const x = api.layers.upSampling2d({ name: 'up', size: [2, 2] }).apply(input) as tf.SymbolicTensor;
  const model = api.model({ inputs: input, outputs: x });
  const outputs = [{ name: 'y', layer: 'up', pooled: false }];
  await assert.rejects(exportOnnx({ model, preprocessing: mobileNetV2.preprocessing, outputs }), {
    code: 'network/layer-kind',
    fields: { layer: 'up', kind: 'UpSampling2D' },
  });
  await assert.rejects(
    exportOnnx({
      model,
      preprocessing: mobileNetV2.preprocessing,
      outputs: [{ name: 'y', layer: 'none', pooled: false }],
    }),
    { code: 'network/no-such-layer' },
  );
});
