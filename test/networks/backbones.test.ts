/** Every backbone with formula weights against the library that defines it (test/reference/backbones-*.py), and against ONNX. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import type * as tf from '@tensorflow/tfjs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { recipeSchema } from '../../app/core/recipe.ts';
import { openEngine } from '../../app/engine/node.ts';
import { architectures } from '../../app/networks/architectures.ts';
import type { Architecture, Backbone } from '../../app/networks/backbone.ts';
import { exportOnnx } from '../../app/networks/export-onnx.ts';
import { attachHead } from '../../app/networks/network.ts';
import { type LearningVariable, lowerForward, upperNetwork } from '../../app/networks/split-network.ts';
import { createOptimizer } from '../../app/training/optimizer.ts';
import { buildKernels } from '../../scripts/build-kernels.ts';
import { formulaBackbone } from './formula-backbone.ts';
import { formulaPictures, formulaWeight, type Summary, summaryOf } from './formula-weights.ts';
import { preprocessed } from './small-network.ts';

interface Reference {
  readonly sizePx: number;
  readonly headScale: number;
  readonly groups: Readonly<Record<string, Summary>>;
  readonly logits: readonly number[];
  readonly loss: number;
  readonly gradients: Readonly<Record<string, Summary>>;
  readonly steps: Readonly<Record<string, Summary>>;
  readonly lossAfter: number;
}

const references = Object.assign(
  {},
  ...['keras', 'torch'].map((library) =>
    JSON.parse(readFileSync(new URL(`../reference/backbones-${library}.json`, import.meta.url), 'utf8')),
  ),
) as Record<string, Reference>;

await buildKernels();
const engine = await openEngine('wasm', { threads: 2 });
const { tf: api } = engine;
after(() => engine.close());

const recipe = recipeSchema.parse({
  name: 't',
  backbone: 'mobilenet-v2',
  input: {},
  phases: [{ name: 'h', unfreeze: 0, epochs: 1, learningRate: 1 }],
});

/** @param rounding an absolute difference that is none: a step is the difference of two rounded weights. */
function assertSummary(found: ArrayLike<number>, expected: Summary, label: string, rounding = 0): void {
  const summary = summaryOf(found);
  assert.ok(expected.norm > 0, `${label}: nothing to compare`);
  assert.ok(
    Math.abs(summary.norm / expected.norm - 1) < 1e-4,
    `${label}: norm ${summary.norm} against ${expected.norm}`,
  );
  const typical = expected.norm / Math.sqrt(found.length);
  summary.values.forEach((value, i) => {
    const difference = Math.abs(value - expected.values[i]!);
    const scale = Math.max(typical, Math.abs(expected.values[i]!));
    assert.ok(difference < 1e-4 * scale + rounding, `${label}: ${value} against ${expected.values[i]}`);
  });
}

function assertNear(found: number, expected: number, label: string): void {
  assert.ok(
    Math.abs(found - expected) < 1e-4 * Math.max(1, Math.abs(expected)),
    `${label}: ${found} against ${expected}`,
  );
}

async function assertLearnsAs(reference: Reference, architecture: Architecture, ownHead: boolean): Promise<void> {
  const { sizePx } = reference;
  const { backbone, base } = await formulaBackbone(api, architecture, sizePx, ownHead);
  // VGG16 with its own head holds the one without.
  if (ownHead || architecture.ownHead.length === 0) await assertOnnxEquals(backbone, base, sizePx, ownHead);
  const head = { ...recipe.head, kind: ownHead ? ('keep' as const) : ('new' as const), dropout: 0 };
  const network = attachHead(api, backbone, base, 'last', head, 3, 1);
  const logits = network.model.getLayer(network.head.logits);
  const shape = logits.weights[0]!.shape as number[];
  const kernel = api.tensor(formulaWeight('head_logits/kernel', shape), shape).mul(reference.headScale);
  logits.setWeights([kernel, api.tensor(formulaWeight('head_logits/bias', [3]), [3])]);

  const x = preprocessed(api, backbone, formulaPictures(2, sizePx), sizePx);
  for (const [layer, expected] of Object.entries(reference.groups)) {
    assertSummary(lowerForward(api, base, layer)(x).dataSync(), expected, layer);
  }
  const upper = upperNetwork(api, network, null);
  const learned = new Map(upper.variables.map((each) => [each.name, each] as const));
  const wanted = Object.keys(reference.gradients).map((name) => learned.get(name)!);
  assert.ok(wanted.every((each: LearningVariable | undefined) => each !== undefined));
  upper
    .logits(x)
    .dataSync()
    .forEach((value, i) => {
      assertNear(value, reference.logits[i]!, `logit ${i}`);
    });
  const labels = api.oneHot(api.tensor1d([0, 2], 'int32'), 3);
  const loss = (): tf.Scalar => api.losses.softmaxCrossEntropy(labels, upper.logits(x)).asScalar();
  const { value, grads } = api.variableGrads(
    loss,
    wanted.map(({ variable }) => variable),
  );
  assertNear(value.dataSync()[0]!, reference.loss, 'loss');
  const before = new Map(wanted.map(({ name, variable }) => [name, variable.dataSync<'float32'>().slice()] as const));
  for (const { name, variable } of wanted) {
    assertSummary(grads[variable.name]!.dataSync(), reference.gradients[name]!, `gradient of ${name}`);
  }
  const settings = { ...recipe.optimizer, kind: 'adam' as const, weightDecay: 0 };
  const optimizer = createOptimizer(api, wanted, settings, 1);
  optimizer.apply(grads, 1e-4);
  for (const { name, variable } of wanted) {
    const start = before.get(name)!;
    const step = Float64Array.from(variable.dataSync(), (now, i) => now - start[i]!);
    const largest = start.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    assertSummary(step, reference.steps[name]!, `step of ${name}`, largest * 2 ** -23);
  }
  assertNear(loss().dataSync()[0]!, reference.lossAfter, 'loss after the step');
  optimizer.dispose();
  api.disposeVariables();
}

/** Every group, and the own head where the model has it. */
async function assertOnnxEquals(
  backbone: Backbone,
  base: tf.LayersModel,
  sizePx: number,
  ownHead: boolean,
): Promise<void> {
  const layers = [
    ...backbone.groups.map(({ output }) => output),
    ...(ownHead ? backbone.ownHead : []).map(({ name }) => name),
  ];
  const outputs = layers.map((layer) => ({ name: `out/${layer}`, layer, pooled: false }));
  const onnx = await exportOnnx({ model: base, preprocessing: backbone.preprocessing, outputs });
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 });
  const pixels = formulaPictures(2, sizePx);
  const found = await session.run({ pixels: new Tensor('uint8', pixels, [2, sizePx, sizePx, 3]) });
  await session.release();
  const x = preprocessed(api, backbone, pixels, sizePx);
  const whole = api.model({
    inputs: base.inputs,
    outputs: layers.map((layer) => base.getLayer(layer).output as tf.SymbolicTensor),
  });
  const expected = whole.predict(x) as tf.Tensor[];
  for (const [i, { name }] of outputs.entries()) {
    const { dims, data } = found[name]!;
    assert.deepEqual(dims, expected[i]!.shape, name);
    const values = expected[i]!.dataSync();
    let [largest, worst] = [0, 0];
    values.forEach((value, k) => {
      largest = Math.max(largest, Math.abs(value));
      worst = Math.max(worst, Math.abs(value - (data[k] as number)));
    });
    assert.ok(largest > 0 && worst < 1e-4 * largest, `${name}: off by ${worst} of ${largest}`);
  }
  api.dispose([x, ...expected]);
}

const architectureOf = (name: string): Architecture => architectures.find((one) => one.name === name)!;

describe('forward, gradients and a step of Adam equal the reference, ONNX equals the layers', () => {
  for (const [name, reference] of Object.entries(references)) {
    test(name, () => {
      const ownHead = name.endsWith(' with its own head');
      return assertLearnsAs(reference, architectureOf(name.replace(' with its own head', '')), ownHead);
    });
  }
});

describe("torchvision's flavours: ONNX equals the layers", () => {
  for (const name of ['mobilenet-v2-torchvision', 'resnet50-torchvision']) {
    test(name, async () => {
      const { backbone, base } = await formulaBackbone(api, architectureOf(name), 32, false);
      await assertOnnxEquals(backbone, base, 32, false);
      base.dispose();
    });
  }
});
