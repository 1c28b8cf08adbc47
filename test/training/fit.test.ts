import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { phaseSchema } from '../../app/core/recipe.ts';
import type { EpochEvent } from '../../app/core/run.ts';
import { onnxForward } from '../../app/inference/onnx-node.ts';
import { mobileNetV2 } from '../../app/networks/mobilenet-v2.ts';
import { readMobileNetV2Weights } from '../../app/networks/mobilenet-v2-node.ts';
import { attachHead, type Network } from '../../app/networks/network.ts';
import { type UpperNetwork, upperNetwork, type WeightSnapshot } from '../../app/networks/split-network.ts';
import { type Activations, boundaryFor, fillCaches } from '../../app/training/activation-cache.ts';
import { type FitHooks, type FitRequest, fit } from '../../app/training/fit.ts';
import { engine, memoryCaches, smallPatches, smallRecipe } from './fixtures/train-bench.ts';

const { tf } = engine;
const { source, patches } = smallPatches;
const breathe = async (): Promise<void> => {};
const base = await mobileNetV2.build(tf, await readMobileNetV2Weights(), source.sizePx);
const network: Network = attachHead(tf, mobileNetV2, base, 'block_3', smallRecipe.head, 3, 1);
const upper: UpperNetwork = upperNetwork(tf, network, 'block_2');
const start = await upper.snapshot();
const cache = {
  network,
  pooling: 'average',
  source,
  forward: onnxForward,
  caches: memoryCaches(),
  threads: 2,
  augment: smallRecipe.augment,
  seed: 1,
} as const;
const cached = async (part: string, views: number): Promise<Activations> => {
  const wanted = patches.filter((patch) => patch.part === part);
  const [activations] = await fillCaches(cache, part, wanted, views, [boundaryFor(cache, 1)], () => {}, breathe);
  return activations!;
};
const train = await cached('train', 2);
const validation = await cached('validation', 1);
after(() => engine.close());

const request: FitRequest = {
  engine: tf,
  upper,
  phase: phaseSchema.parse({ name: 'fine-tune', unfreeze: 1, epochs: 2, learningRate: 1e-3 }),
  phaseIndex: 0,
  recipe: smallRecipe,
  classWeights: null,
  train,
  validation,
  microBatch: 8,
  rateSetting: { key: 'phases.fine-tune.learningRate', value: 1e-3 },
  resume: null,
};

function hooks(events: EpochEvent[] = []): FitHooks {
  return { onEpoch: async (event) => void events.push(event), onNote: () => {}, breathe };
}

/** One run from the same start. */
async function run(change: Partial<FitRequest>): Promise<{ events: EpochEvent[]; weights: WeightSnapshot[] }> {
  upper.restore(start);
  const events: EpochEvent[] = [];
  await fit({ ...request, ...change }, hooks(events));
  return { events, weights: await upper.snapshot() };
}

test('micro-batches give the weights of whole batches', async () => {
  const whole = await run({});
  const parts = await run({ microBatch: 3 });
  for (const [w, weight] of whole.weights.entries()) {
    for (const [i, value] of weight.values.entries()) {
      const other = parts.weights[w]!.values[i]!;
      assert.ok(Math.abs(value - other) < 2e-3 * Math.max(1, Math.abs(value)), `${weight.name}: ${value}, ${other}`);
    }
  }
  const [a, b] = [whole.events[0]!.loss, parts.events[0]!.loss];
  assert.ok(Math.abs(a - b) < 1e-4 * a, `${a}, ${b}`);
});

test('the best epoch is put back, also when a later one was worse', async () => {
  // A rate that first helps and then wrecks: the last epoch is not the best.
  const phase = phaseSchema.parse({ name: 'wild', unfreeze: 1, epochs: 6, learningRate: 0.1 });
  upper.restore(start);
  const events: EpochEvent[] = [];
  const best = await fit({ ...request, phase }, hooks(events));
  const lowest = events.reduce((a, b) => (b.valLoss < a.valLoss ? b : a));
  assert.equal(best.epoch, lowest.epoch);
  assert.ok(best.epoch < 6, 'the curve has its minimum before the end');
  assert.deepEqual(await upper.snapshot(), best.weights);
});

test('L2 adds to the training loss, and pulls the head towards zero', async () => {
  const plain = await run({});
  const heavy = await run({ recipe: { ...smallRecipe, head: { ...smallRecipe.head, l2: 1 } } });
  assert.ok(heavy.events[0]!.loss > plain.events[0]!.loss);
  const size = (weights: WeightSnapshot[]): number =>
    weights.find(({ name }) => name === 'head_logits/kernel')!.values.reduce((sum, value) => sum + value * value, 0);
  assert.ok(size(heavy.weights) < size(plain.weights));
});

test('the same seed gives the same epochs, another seed other ones', async () => {
  const numbers = ({ events }: { events: EpochEvent[] }): number[] =>
    events.flatMap(({ loss, valLoss }) => [loss, valLoss]);
  const recipe = { ...smallRecipe, head: { ...smallRecipe.head, dropout: 0.5 } };
  const first = numbers(await run({ recipe }));
  assert.deepEqual(numbers(await run({ recipe })), first);
  assert.notDeepEqual(numbers(await run({ recipe: { ...recipe, seed: 2 } })), first);
});
