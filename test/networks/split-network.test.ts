import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type * as tf from '@tensorflow/tfjs';
import type { Recipe } from '../../app/core/recipe.ts';
import { openEngine } from '../../app/engine/node.ts';
import { boundaryGroup } from '../../app/networks/layer-groups.ts';
import { decodeLayersModel, encodeLayersModel } from '../../app/networks/layers-model-files.ts';
import { mobileNetV2 } from '../../app/networks/mobilenet-v2.ts';
import { readMobileNetV2Weights } from '../../app/networks/mobilenet-v2-node.ts';
import { attachHead, type Network } from '../../app/networks/network.ts';
import { lowerForward, type UpperNetwork, upperNetwork } from '../../app/networks/split-network.ts';
import { buildKernels } from '../../scripts/build-kernels.ts';
import { pictures, preprocessed, smallBackbone, smallModel } from './small-network.ts';

await buildKernels();
const engine = await openEngine('wasm', { threads: 2 });
const { tf: api } = engine;
after(() => engine.close());

const SIZE = 32;
const HEAD: Recipe['head'] = {
  kind: 'new',
  pooling: 'average',
  dense: [10],
  activation: 'relu',
  dropout: 0.5,
  l2: 0,
  start: 'random',
};

function smallNetwork(attach = 'last', head: Parameters<typeof attachHead>[4] = HEAD, seed = 1): Network {
  return attachHead(api, smallBackbone, smallModel(api, SIZE), attach, head, 3, seed);
}

function input(): tf.Tensor4D {
  return preprocessed(api, smallBackbone, pictures(4, SIZE), SIZE);
}

function largest(difference: tf.Tensor): number {
  return api.tidy(() => difference.abs().max().dataSync()[0]!);
}

/** One step of gradient descent on everything above the boundary. */
function step(upper: UpperNetwork, x: tf.Tensor4D): number {
  const variables = upper.variables.map(({ variable }) => variable);
  const optimizer = api.train.sgd(0.05);
  const loss = optimizer.minimize(
    () => {
      const labels = api.oneHot(api.tensor1d([0, 1, 2, 0], 'int32'), 3);
      return api.losses.softmaxCrossEntropy(labels, upper.logits(x, { dropoutSeed: 7 })).asScalar();
    },
    true,
    variables,
  )!;
  const value = loss.dataSync()[0]!;
  loss.dispose();
  optimizer.dispose();
  return value;
}

test('lower and upper part together are the whole network, wherever it is cut', () => {
  const network = smallNetwork();
  const x = input();
  const whole = network.model.predict(x) as tf.Tensor;
  for (const boundary of [null, 'first', 'second', 'third']) {
    const upper = upperNetwork(api, network, boundary);
    const group = network.groups.find((each) => each.name === boundary);
    const activations = group === undefined ? x : lowerForward(api, network.model, group.output)(x);
    assert.deepEqual(activations.shape.slice(1), upper.inputShape);
    const probabilities = upper.probabilities(activations);
    assert.ok(largest(probabilities.sub(whole)) < 1e-5, `cut at ${boundary}`);
  }
  assert.throws(() => upperNetwork(api, network, 'fourth'), { code: 'network/no-such-group' });
});

test('variables stand from the head down with their depth; averages are not among them', () => {
  const { variables } = upperNetwork(api, smallNetwork(), 'first');
  assert.deepEqual(
    variables.map(({ name, role, group, depth }) => [name, role, group, depth].join(' ')),
    [
      'head_dense_1/kernel kernel head 0',
      'head_dense_1/bias bias head 0',
      'head_logits/kernel kernel head 0',
      'head_logits/bias bias head 0',
      'pre_bn/gamma scale third 1',
      'pre_bn/beta offset third 1',
      'c3/kernel kernel third 1',
      'c3/bias bias third 1',
      'c2/kernel kernel second 2',
      'c2/bias bias second 2',
    ],
  );
  for (const { variable } of variables) assert.equal(variable.trainable, true);
  const { groups } = smallNetwork('second');
  assert.equal(boundaryGroup(groups, 0)!.name, 'second');
  assert.equal(boundaryGroup(groups, 1)!.name, 'first');
  assert.equal(boundaryGroup(groups, 2), null);
});

test('a step moves what is above the boundary and nothing else; averages of normalisation stay', async () => {
  const network = smallNetwork();
  const upper = upperNetwork(api, network, 'first');
  const before = new Map(
    network.model.weights.map((weight) => [weight.originalName, weight.read().dataSync().slice()]),
  );
  const x = lowerForward(api, network.model, 'first_out')(input());
  const losses = [step(upper, x), step(upper, x), step(upper, x)];
  assert.ok(losses[2]! < losses[0]!, `${losses}`);
  const learning = new Set(upper.variables.map(({ name }) => name));
  for (const weight of network.model.weights) {
    const name = weight.originalName;
    const moved = weight
      .read()
      .dataSync()
      .some((value, i) => value !== before.get(name)![i]);
    assert.equal(moved, learning.has(name), name);
  }
});

test('MobileNetV2: every group can be the boundary, and all below the attach group learns', async () => {
  const base = await mobileNetV2.build(api, await readMobileNetV2Weights(), 64);
  const network = attachHead(api, mobileNetV2, base, 'block_8', HEAD, 3, 1);
  for (const [i, group] of network.groups.entries()) {
    const upper = upperNetwork(api, network, group.name);
    assert.equal(upper.inputShape[2], group.channels);
    const groups = new Set(upper.variables.map((variable) => variable.group));
    assert.deepEqual(
      [...groups].slice(1),
      network.groups
        .slice(i + 1)
        .map(({ name }) => name)
        .reverse(),
    );
  }
  const whole = upperNetwork(api, network, null);
  const x = preprocessed(api, mobileNetV2, pictures(2, 64), 64);
  const gradients = api.tidy(() => {
    const { grads } = api.variableGrads(
      () => whole.logits(x).square().sum(),
      whole.variables.map((each) => each.variable),
    );
    return Object.values(grads).map((gradient) => gradient.abs().max().dataSync()[0]!);
  });
  assert.equal(gradients.length, whole.variables.length);
  assert.ok(gradients.every((value) => Number.isFinite(value) && value > 0));
});

test('the gradients of a whole network equal those of the cpu backend', async () => {
  const network = smallNetwork('last', { ...HEAD, pooling: 'max' });
  const upper = upperNetwork(api, network, null);
  const gradientsOn = async (backend: string): Promise<Float32Array[]> => {
    await api.setBackend(backend);
    const x = input();
    const { grads, value } = api.variableGrads(
      () => upper.logits(x, { dropoutSeed: 3 }).square().mean(),
      upper.variables.map(({ variable }) => variable),
    );
    const found = upper.variables.map(({ variable }) => grads[variable.name]!.dataSync<'float32'>().slice());
    api.dispose([x, value, ...Object.values(grads)]);
    return found;
  };
  const own = await gradientsOn('wasm');
  const reference = await gradientsOn('cpu');
  await api.setBackend('wasm');
  reference.forEach((values, i) => {
    const size = Math.max(...values.map(Math.abs));
    const difference = Math.max(...values.map((value, j) => Math.abs(value - own[i]![j]!)));
    assert.ok(difference <= 1e-4 * Math.max(size, 1e-3), `${upper.variables[i]!.name}: ${difference} of ${size}`);
  });
});

test('equal maxima share the gradient of max pooling over the whole picture', () => {
  const network = smallNetwork('last', { ...HEAD, pooling: 'max', dense: [], dropout: 0 });
  const upper = upperNetwork(api, network, 'third');
  const x = api.ones([1, ...upper.inputShape]) as tf.Tensor4D; // every pixel is a maximum
  const gradient = api.grad((map: tf.Tensor) =>
    upper
      .logits(map as tf.Tensor4D)
      .slice([0, 0], [1, 1])
      .sum(),
  )(x);
  const kernel = network.model.getLayer('head_logits').getWeights()[0]!.slice([0, 0], [-1, 1]).reshape([-1]);
  const sums = gradient.sum([0, 1, 2]);
  assert.ok(largest(sums.sub(kernel)) < 1e-5);
});

test('dropout is decided by the seed, off without one, and keeps the expected sum', () => {
  const head = { ...HEAD, dense: [], dropout: 0.5 };
  const upper = upperNetwork(api, smallNetwork('last', head), 'third');
  const x = api.ones([4, ...upper.inputShape]) as tf.Tensor4D;
  const logits = (dropoutSeed?: number): string =>
    String(upper.logits(x, dropoutSeed === undefined ? {} : { dropoutSeed }).dataSync());
  assert.equal(logits(5), logits(5));
  assert.notEqual(logits(5), logits(6));
  assert.notEqual(logits(5), logits());
  assert.equal(logits(), logits());
  const mean = api.tidy(() => {
    const runs = Array.from({ length: 300 }, (_, seed) => upper.logits(x, { dropoutSeed: seed }));
    return api.addN(runs).div(300).mean(0).sub(upper.logits(x).mean(0));
  });
  assert.ok(largest(mean) < 0.15, `${largest(mean)}`);
});

test('the first weights of a head come from the seed alone, within the Glorot limit', () => {
  const kernel = (seed: number): Float32Array =>
    smallNetwork('last', HEAD, seed).model.getLayer('head_dense_1').getWeights()[0]!.dataSync<'float32'>().slice();
  assert.deepEqual(kernel(1), kernel(1));
  assert.notDeepEqual(kernel(1), kernel(2));
  const limit = Math.sqrt(6 / (16 + 10));
  const values = kernel(1);
  assert.ok(values.every((value) => Math.abs(value) <= limit));
  assert.ok(Math.max(...values) > 0.9 * limit && Math.min(...values) < -0.9 * limit);
});

test('a snapshot brings the weights back; a foreign one is refused', async () => {
  const network = smallNetwork();
  const upper = upperNetwork(api, network, 'second');
  const x = lowerForward(api, network.model, 'second_out')(input());
  const snapshot = await upper.snapshot();
  const start = upper.logits(x);
  step(upper, x);
  assert.ok(largest(upper.logits(x).sub(start)) > 1e-4);
  upper.restore(snapshot);
  assert.equal(largest(upper.logits(x).sub(start)), 0);
  const other = upperNetwork(api, network, 'first');
  assert.throws(() => other.restore(snapshot), { code: 'network/foreign-weights' });
  assert.throws(() => upper.restore(snapshot.slice(1)), { code: 'network/foreign-weights' });
});

test('training steps, predictions and snapshots leave no tensor behind', async () => {
  const network = smallNetwork();
  const x = input();
  const upper = upperNetwork(api, network, null);
  step(upper, x);
  const before = api.memory();
  for (let i = 0; i < 3; i++) step(upper, x);
  upper.probabilities(x).dispose();
  lowerForward(api, network.model, 'second_out')(x).dispose();
  upper.restore(await upper.snapshot());
  const now = api.memory();
  assert.deepEqual([now.numTensors, now.numDataBuffers], [before.numTensors, before.numDataBuffers]);
});

test('the saved files hold the whole network', async () => {
  const network = smallNetwork();
  const files = await encodeLayersModel(network.model);
  const loaded = await decodeLayersModel(api, files);
  const x = input();
  const difference = (loaded.predict(x) as tf.Tensor).sub(network.model.predict(x) as tf.Tensor);
  assert.equal(largest(difference), 0);
  assert.match(new TextDecoder().decode(files.modelJson), /"paths":\["weights.bin"\]/);
});
