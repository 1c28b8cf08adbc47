/** Five steps of the fit loop on a network of two dense layers, beside Keras' train_on_batch (test/reference/training-keras.py). */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import type { EpochEvent } from '../../app/core/run.ts';
import type { Backbone } from '../../app/networks/backbone.ts';
import { attachHead } from '../../app/networks/network.ts';
import { upperNetwork, type WeightSnapshot } from '../../app/networks/split-network.ts';
import type { Activations } from '../../app/training/activation-cache.ts';
import { fit } from '../../app/training/fit.ts';
import { classWeightsFor } from '../../app/training/loss.ts';
import { checkRecipe } from '../../app/training/recipe-book.ts';
import { formulaWeight, uniform } from '../networks/formula-weights.ts';
import { kerasNumbers } from '../reference/training-keras.ts';

await tf.setBackend('cpu');
after(() => tf.disposeVariables());

const features: Backbone = {
  name: 'features',
  preprocessing: { channels: 'rgb', mean: [0, 0, 0], scale: [1, 1, 1] },
  provenance: 'none',
  minSizePx: 1,
  groups: [{ name: 'features', output: 'features', layers: ['features'], channels: 6 }],
  ownHead: [],
  async build(engine) {
    const input = engine.input({ shape: [1, 1, 6] });
    const output = engine.layers.activation({ activation: 'linear', name: 'features' }).apply(input);
    return engine.model({ inputs: input, outputs: output as tf.SymbolicTensor });
  },
};

const inputs = uniform('inputs', 8 * 6);
const labels = [0, 1, 2, 0, 0, 1, 0, 0];
const rows: Activations = {
  patches: labels.map((classIndex, index) => ({ index, classIndex, patient: '', region: '', part: 'train' })),
  views: 1,
  shape: [1, 1, 6],
  bytes: 0,
  read: async (patch, _view, into) => into.set(inputs.subarray(patch * 6, patch * 6 + 6)),
  renew: async () => {},
  close: async () => {},
};

/** Keras' names of the two layers. */
const layers = [
  ['head_dense_1', 'hidden'],
  ['head_logits', 'out'],
] as const;

const cases: Record<string, { rate: number; recipe: object }> = {
  adam: { rate: 0.01, recipe: { optimizer: { kind: 'adam' } } },
  adamw: { rate: 0.01, recipe: { optimizer: { kind: 'adamw', weightDecay: 0.1 } } },
  sgd: { rate: 0.1, recipe: { optimizer: { kind: 'sgd', weightDecay: 0 } } },
  momentum: { rate: 0.1, recipe: { optimizer: { kind: 'sgd', weightDecay: 0, momentum: 0.9 } } },
  nesterov: {
    rate: 0.1,
    recipe: { optimizer: { kind: 'sgd', weightDecay: 0.05, momentum: 0.9, nesterov: true, clipNorm: 0.3 } },
  },
  smoothed: { rate: 0.01, recipe: { optimizer: { kind: 'adam' }, loss: { labelSmoothing: 0.1 } } },
  weighted: {
    rate: 0.01,
    recipe: { optimizer: { kind: 'adam' }, loss: { labelSmoothing: 0.1, classWeights: 'balanced' } },
  },
  penalised: { rate: 0.01, recipe: { optimizer: { kind: 'adam' }, head: { l2: 0.01 } } },
};

test('every optimizer, smoothing, class weights and L2 have a case', () => {
  assert.deepEqual(Object.keys(cases), Object.keys(kerasNumbers.networks));
});

const kerasName = (own: string): string =>
  layers.reduce((text, [ours, theirs]) => text.replace(`${ours}/`, `${theirs}/`), own);

/** Five steps from the formula weights. */
async function fiveSteps(
  rate: number,
  choices: { head?: object },
): Promise<{ events: EpochEvent[]; weights: WeightSnapshot[] }> {
  const recipe = checkRecipe({
    name: 'steps',
    backbone: 'mobilenet-v2',
    input: {},
    phases: [{ name: 'head', unfreeze: 0, epochs: 5, learningRate: rate, stop: { patience: 9, restoreBest: false } }],
    batchSize: 8,
    sampling: 'shuffle',
    ...choices,
    head: { dense: [5], dropout: 0, ...choices.head },
  });
  const model = await features.build(tf, { specs: [], data: new ArrayBuffer(0), sha256: '' }, 1);
  const upper = upperNetwork(tf, attachHead(tf, features, model, 'features', recipe.head, 3, 1), 'features');
  upper.restore(
    upper.variables.map(({ name, variable: { shape } }) => ({
      name,
      shape,
      values: formulaWeight(kerasName(name), shape),
    })),
  );
  const events: EpochEvent[] = [];
  await fit(
    {
      engine: tf,
      upper,
      phase: { ...recipe.phases[0]!, unfreeze: 0 },
      phaseIndex: 0,
      recipe,
      classWeights: classWeightsFor(recipe.loss, labels, 3),
      train: rows,
      validation: rows,
      microBatch: 8,
      rateSetting: { key: '', value: rate },
      resume: null,
    },
    {
      onEpoch: async (event) => void events.push(event),
      onMiddle: async () => {},
      onDiverging: () => 'keep-best',
      onNote: () => {},
      breathe: async () => {},
    },
  );
  return { events, weights: await upper.snapshot() };
}

for (const [name, { rate, recipe }] of Object.entries(cases)) {
  test(`five steps are Keras': ${name}`, async () => {
    const { events, weights } = await fiveSteps(rate, recipe);
    const expected = kerasNumbers.networks[name]!;
    for (const [step, { loss }] of events.entries()) {
      const difference = Math.abs(loss - expected.losses[step]!);
      assert.ok(difference < 1e-5, `step ${step}: loss ${loss}, Keras ${expected.losses[step]}`);
    }
    assert.equal(events.length, 5);
    for (const { name: own, values } of weights) {
      const theirs = expected.weights[kerasName(own)]!;
      assert.equal(theirs.length, values.length);
      for (const [i, value] of values.entries()) {
        assert.ok(Math.abs(value - theirs[i]!) < 1e-5, `${own}[${i}]: ${value}, Keras ${theirs[i]}`);
      }
    }
  });
}

test('the same seed twice gives bit-equal weights on the cpu engine, another seed other ones', async () => {
  const choices = { head: { dropout: 0.5 }, batchSize: 3 };
  const first = await fiveSteps(0.01, choices);
  assert.deepEqual((await fiveSteps(0.01, choices)).weights, first.weights);
  assert.notDeepEqual((await fiveSteps(0.01, { ...choices, seed: 2 } as object)).weights, first.weights);
});
