import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { phaseSchema } from '../../app/core/recipe-phase.ts';
import type { DivergingAnswer, DivergingQuestion, EpochEvent } from '../../app/core/run.ts';
import { onnxForward } from '../../app/inference/onnx-node.ts';
import { mobileNetV2 } from '../../app/networks/mobilenet-v2.ts';
import { readMobileNetV2Weights } from '../../app/networks/mobilenet-v2-node.ts';
import { attachHead, type Network } from '../../app/networks/network.ts';
import { type UpperNetwork, upperNetwork, type WeightSnapshot } from '../../app/networks/split-network.ts';
import { type Activations, boundaryFor, fillCaches } from '../../app/training/activation-cache.ts';
import { type FitHooks, type FitRequest, fit } from '../../app/training/fit.ts';
import { createOptimizer } from '../../app/training/optimizer.ts';
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
  return {
    onEpoch: async (event) => void events.push(event),
    onMiddle: async () => {},
    onDiverging: () => 'keep-best',
    onNote: () => {},
    breathe,
  };
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

test('a patch whose numbers are none is named, also where a relu swallows them', async () => {
  upper.restore(start);
  const spoiled: FitRequest['train'] = {
    ...train,
    async read(patch, view, into) {
      await train.read(patch, view, into);
      if (patch === 7) into[0] = Number.NaN;
    },
  };
  const events: EpochEvent[] = [];
  const broken = fit({ ...request, recipe: { ...request.recipe, sampling: 'shuffle' }, train: spoiled }, hooks(events));
  await assert.rejects(broken, {
    code: 'train/bad-patch',
    message: `Patch ${train.patches[7]!.index} (patient ${train.patches[7]!.patient}, region ${train.patches[7]!.region}) gives values that are not numbers.`,
  });
  assert.equal(events.length, 0);
});

test('a loss that is no number puts the last good epoch back and goes on at half the rate', async () => {
  const { tf: api } = engine;
  const plain = await run({ phase: phaseSchema.parse({ ...request.phase, learningRate: 5e-4, epochs: 1 }) });
  // A bias that is not a number before the first step, put there behind the back of fit, as an engine's fault would.
  upper.restore(start);
  const bias = upper.variables.find(({ name }) => name === 'head_logits/bias')!.variable;
  let spoil = true;
  const notes: string[] = [];
  const events: EpochEvent[] = [];
  await fit(
    { ...request, phase: phaseSchema.parse({ ...request.phase, epochs: 1 }) as FitRequest['phase'] },
    {
      ...hooks(events),
      onNote: (text) => notes.push(text),
      async breathe() {
        if (spoil) api.tidy(() => bias.assign(api.fill(bias.shape, Number.NaN)));
        spoil = false;
      },
    },
  );
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /epoch 1 of phase fine-tune.*5\.0e-4 \(1 of at most 3 times\)/);
  assert.equal(events[0]!.learningRate, 5e-4);
  assert.equal(events[0]!.loss, plain.events[0]!.loss);
  assert.deepEqual(await upper.snapshot(), plain.weights);
});

/**
 * A phase that goes on after its first epoch with a lowest loss that nothing comes near; what it asked, said and did.
 *
 * @param spoil of the head's kernel: the one by itself makes a network that is worse than guessing.
 */
async function runAway(answers: readonly DivergingAnswer[], spoil = -100) {
  const phase = phaseSchema.parse({ ...request.phase, epochs: 9, learningRate: 1e-6 }) as FitRequest['phase'];
  upper.restore(start);
  const first = await fit({ ...request, phase: { ...request.phase, epochs: 1 } }, hooks());
  const optimizer = createOptimizer(engine.tf, upper.variables, request.recipe.optimizer, 1);
  const state = {
    optimizer: await optimizer.state(),
    stop: { wait: 0, best: null, bestEpoch: null, improved: false, stop: false },
    plateau: { factor: 1, best: null, wait: 0, cooldown: 0 },
    step: 0,
    lowestLoss: 1e-9,
    divergingEpochs: 0,
    halvings: 0,
    middle: null,
  };
  optimizer.dispose();
  const { variable: kernel } = upper.variables.find(({ group, role }) => group === 'head' && role === 'kernel')!;
  engine.tf.tidy(() => kernel.assign(kernel.mul(spoil)));
  const notes: string[] = [];
  const events: EpochEvent[] = [];
  const asked: DivergingQuestion[] = [];
  const left = [...answers];
  const resume = { epoch: 1, state, best: first };
  const best = await fit(
    { ...request, phase, resume },
    {
      ...hooks(events),
      onNote: (text) => notes.push(text),
      onDiverging(question) {
        asked.push(question);
        return left.shift()!;
      },
    },
  );
  return { notes: notes.join(' '), events, asked, best };
}

test('a training loss over ten times its lowest for three epochs is asked about; to keep the best ends the phase', async () => {
  const { notes, events, asked, best } = await runAway(['keep-best']);
  assert.equal(events.length, 3);
  assert.match(
    notes,
    /over 10 times its lowest, and worse than guessing, for 3 epochs: it ends with its best weights, of epoch \d/,
  );
  const question = { type: 'diverging', phase: 'fine-tune', epoch: 4, bestEpoch: best.epoch, learningRate: 1e-6 };
  assert.deepEqual(asked, [question]);
  assert.deepEqual(await upper.snapshot(), best.weights);
});

test('a phase that goes on is asked about again three epochs later; half the rate begins at the best weights', async () => {
  const { notes, events, asked } = await runAway(['go-on', 'half-rate']);
  assert.deepEqual(
    asked.map(({ epoch }) => epoch),
    [4, 7],
  );
  assert.match(notes, /goes on as before.*half the rate, 5\.0e-7/);
  assert.deepEqual(
    events.map(({ epoch, learningRate }) => [epoch, learningRate]),
    [2, 3, 4, 5, 6, 7, 8, 9].map((epoch) => [epoch, epoch < 8 ? 1e-6 : 5e-7]),
  );
});

test('a loss over ten times its lowest that is still better than guessing is no question', async () => {
  const { asked, events } = await runAway([], 1);
  assert.deepEqual(asked, []);
  assert.ok(events.length === 8 && events.every(({ loss }) => loss > 1e-8 && loss < Math.log(3)));
});

test('the same seed gives the same epochs and bit-equal weights, another seed other ones', async () => {
  const numbers = ({ events }: { events: EpochEvent[] }): number[] =>
    events.flatMap(({ loss, valLoss }) => [loss, valLoss]);
  const recipe = { ...smallRecipe, head: { ...smallRecipe.head, dropout: 0.5 } };
  const first = await run({ recipe });
  const again = await run({ recipe });
  assert.deepEqual(numbers(again), numbers(first));
  assert.deepEqual(again.weights, first.weights, 'bit for bit');
  assert.notDeepEqual(numbers(await run({ recipe: { ...recipe, seed: 2 } })), numbers(first));
});
