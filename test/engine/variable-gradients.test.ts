import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type * as tf from '@tensorflow/tfjs';
import { openEngine } from '../../app/engine/node.ts';
import { variableGradients } from '../../app/engine/variable-gradients.ts';
import { buildKernels } from '../../scripts/build-kernels.ts';

await buildKernels();
const engine = await openEngine('wasm', { threads: 2 });
const { tf: api } = engine;
after(() => engine.close());

const wave = (...shape: number[]) =>
  api.tidy(() =>
    api
      .sin(
        api
          .range(
            0,
            shape.reduce((a, b) => a * b),
          )
          .mul(1.618),
      )
      .reshape(shape),
  );
const depth = 12;
const kernels = Array.from({ length: depth }, (_, i) => api.variable(wave(1, 1, 16, 16).mul(0.3 + i / 100)));
const x = wave(2, 32, 32, 16) as tf.Tensor4D;

/** Buffers that are held while the backward pass goes down, one number a block. */
let held: number[] = [];
const watch = api.customGrad((x) => ({
  value: (x as tf.Tensor).clone(),
  gradFunc: (dy: tf.Tensor) => {
    held.push(api.memory().numDataBuffers);
    return dy.clone();
  },
}));

/** A chain of residual blocks with padding: an activation has two readers. */
function loss(): tf.Scalar {
  let map = x;
  for (const kernel of kernels) {
    const convolved = api.relu6(api.conv2d(watch(map) as tf.Tensor4D, kernel as unknown as tf.Tensor4D, 1, 'same'));
    map = api.pad(map.add(convolved), [[0, 0], [1, 0], [0, 1], [0, 0]]); // biome-ignore format: one line
  }
  return map.square().mean() as tf.Scalar;
}

async function gradients(take: () => { value: tf.Scalar; grads: tf.NamedTensorMap }) {
  held = [];
  const before = api.memory();
  const { value, grads } = api.tidy(take as never) as unknown as ReturnType<typeof take>;
  const values = await Promise.all(
    Object.entries(grads).map(async ([name, grad]) => [name, [...(await grad.data())]] as const),
  );
  api.dispose([value, ...Object.values(grads)]);
  const left = api.memory();
  assert.deepEqual(
    [left.numTensors, left.numDataBuffers],
    [before.numTensors, before.numDataBuffers],
    'nothing is left',
  );
  return { values, growth: held.at(-1)! - held[0]! };
}

test('gradients are those of TensorFlow.js to the last bit, and memory is freed on the way down', async () => {
  const theirs = await gradients(() => api.variableGrads(loss, kernels as tf.Variable[]));
  const own = await gradients(() => variableGradients(api, loss, kernels as tf.Variable[]));
  assert.deepEqual(own.values, theirs.values);
  assert.equal(own.values.length, depth);
  assert.ok(theirs.growth > 2 * depth, `TensorFlow.js holds ${theirs.growth} buffers more at the bottom`);
  assert.ok(own.growth < -depth, `${own.growth} buffers`);
});
