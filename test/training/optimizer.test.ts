import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import type { Recipe } from '../../app/core/recipe.ts';
import type { LearningVariable } from '../../app/networks/split-network.ts';
import { createOptimizer, type OptimizerState } from '../../app/training/optimizer.ts';
import { kerasNumbers } from '../reference/training-keras.ts';

await tf.setBackend('cpu');
after(() => tf.disposeVariables());

let made = 0;
function learning(values: number[], over: Partial<LearningVariable> = {}): LearningVariable {
  const variable = tf.variable(tf.tensor1d(values), true, `optimizer-test-${made++}`);
  return { name: variable.name, variable, role: 'kernel', group: 'head', depth: 0, ...over };
}

const plain: Recipe['optimizer'] = { kind: 'adam', weightDecay: 0, clipNorm: null, momentum: 0, nesterov: false };

/** Weights after each step on Keras' gradients. */
function walk(settings: Recipe['optimizer'], rate = 0.01): number[][] {
  const one = learning([1, -1]);
  const optimizer = createOptimizer(tf, [one], settings, 1);
  return kerasNumbers.steps.map((step) => {
    tf.tidy(() => optimizer.apply({ [one.variable.name]: tf.tensor1d(step) }, rate));
    return [...one.variable.dataSync()];
  });
}

function assertNear(actual: number[][], expected: number[][]): void {
  for (const [i, row] of expected.entries()) {
    for (const [j, value] of row.entries()) {
      assert.ok(Math.abs(actual[i]![j]! - value) < 1e-6, `step ${i}: ${actual[i]![j]}, Keras ${value}`);
    }
  }
}

test('Adam, AdamW and clipping by global norm walk the path that Keras walks', () => {
  assertNear(walk(plain), kerasNumbers.adam);
  assertNear(walk({ ...plain, kind: 'adamw', weightDecay: 0.1 }), kerasNumbers.adamw);
  assertNear(walk({ ...plain, clipNorm: 1 }), kerasNumbers.adamClipped);
});

test('adam ignores weight decay, and adamw spares biases, scales and offsets', () => {
  assertNear(walk({ ...plain, weightDecay: 0.1 }), kerasNumbers.adam);
  for (const role of ['bias', 'scale', 'offset'] as const) {
    const one = learning([1, -1], { role });
    const optimizer = createOptimizer(tf, [one], { ...plain, kind: 'adamw', weightDecay: 0.1 }, 1);
    tf.tidy(() => optimizer.apply({ [one.variable.name]: tf.tensor1d(kerasNumbers.steps[0]!) }, 0.01));
    assertNear([[...one.variable.dataSync()]], [kerasNumbers.adam[0]!]);
  }
});

test('a group two further down learns at the square of the layer decay', () => {
  const head = learning([0]);
  const deep = learning([0], { depth: 2 });
  const optimizer = createOptimizer(tf, [head, deep], plain, 0.7);
  const gradients = { [head.variable.name]: tf.tensor1d([1]), [deep.variable.name]: tf.tensor1d([1]) };
  optimizer.apply(gradients, 0.01);
  const ratio = deep.variable.dataSync()[0]! / head.variable.dataSync()[0]!;
  assert.ok(Math.abs(ratio - 0.49) < 1e-6, String(ratio));
});

test('variables of several shapes that step as one walk as each would alone, and their state is theirs by name', async () => {
  const shapes = [[2, 1], [3], []];
  const variables = shapes.map((shape) => {
    const variable = tf.variable(tf.ones(shape), true, `optimizer-test-${made++}`);
    return { name: variable.name, variable, role: 'kernel', group: 'head', depth: 0 } as const;
  });
  const together = createOptimizer(tf, variables, plain, 1);
  const gradients = Object.fromEntries(
    variables.map(({ variable }, i) => [
      variable.name,
      tf.linspace(i + 1, i + 2, variable.size).reshape(variable.shape),
    ]),
  );
  together.apply(gradients, 0.01);
  const { moments } = await together.state();
  for (const [i, { name, variable }] of variables.entries()) {
    const alone = learning(Array.from({ length: variable.size }, () => 1));
    const optimizer = createOptimizer(tf, [alone], plain, 1);
    optimizer.apply({ [alone.name]: gradients[name]!.flatten() }, 0.01);
    assert.deepEqual(variable.shape, shapes[i]);
    assert.deepEqual([...variable.dataSync()], [...alone.variable.dataSync()]);
    assert.deepEqual(moments[i], { ...(await optimizer.state()).moments[0]!, name });
  }
});

test('a stored and restored optimizer goes on to the same weights, bit for bit', async () => {
  const steps = kerasNumbers.steps.map((step) => [step[0], step[1]]);
  const whole = learning([1, -1]);
  const uninterrupted = createOptimizer(tf, [whole], plain, 1);
  for (const step of steps) tf.tidy(() => uninterrupted.apply({ [whole.variable.name]: tf.tensor1d(step) }, 0.01));

  const first = learning([1, -1], { name: 'w' });
  const before = createOptimizer(tf, [first], plain, 1);
  for (const step of steps.slice(0, 2)) tf.tidy(() => before.apply({ [first.variable.name]: tf.tensor1d(step) }, 0.01));
  const state: OptimizerState = await before.state();
  const second = learning([...first.variable.dataSync()], { name: 'w' });
  const resumed = createOptimizer(tf, [second], plain, 1);
  resumed.restore(state);
  for (const step of steps.slice(2)) tf.tidy(() => resumed.apply({ [second.variable.name]: tf.tensor1d(step) }, 0.01));
  assert.deepEqual([...second.variable.dataSync()], [...whole.variable.dataSync()]);
  assert.throws(() => createOptimizer(tf, [learning([1])], plain, 1).restore(state), {
    code: 'train/foreign-checkpoint',
  });
});

test('steps leave no tensor behind, and dispose takes the moments away', () => {
  const one = learning([1, -1]);
  const before = tf.memory().numTensors;
  const optimizer = createOptimizer(tf, [one], { ...plain, clipNorm: 1 }, 1);
  for (let i = 0; i < 3; i++) tf.tidy(() => optimizer.apply({ [one.variable.name]: tf.tensor1d([3, 4]) }, 0.1));
  optimizer.dispose();
  assert.equal(tf.memory().numTensors, before);
});
