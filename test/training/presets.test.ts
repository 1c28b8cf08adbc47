/** The shipped presets beside Keras at small size: the same pictures in the same order, losses of five steps (test/reference/presets-keras.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import type { JobEvent } from '../../app/core/run.ts';
import { onnxForward } from '../../app/inference/onnx-node.ts';
import type { Architecture } from '../../app/networks/backbone.ts';
import { mobileNetV2Keras } from '../../app/networks/mobilenet-v2.ts';
import { attachHead } from '../../app/networks/network.ts';
import { resNet50Keras } from '../../app/networks/resnet50.ts';
import { upperNetwork } from '../../app/networks/split-network.ts';
import { vgg16 } from '../../app/networks/vgg16.ts';
import { runPhases } from '../../app/training/phases.ts';
import type { PlannedPatch } from '../../app/training/ports.ts';
import { applySettings, parseRecipe } from '../../app/training/recipe-book.ts';
import { formulaBackbone } from '../networks/formula-backbone.ts';
import { formulaPictures, formulaWeight } from '../networks/formula-weights.ts';
import { batchSize, epochs, pictureCount, pictures, presetDraws } from '../reference/presets-draws.ts';
import { engine, memoryCaches, memorySink, ofType } from './fixtures/train-bench.ts';

interface PresetNumbers {
  readonly sizePx: number;
  /** Factors of the formula weights whose names end so. */
  readonly shrink: Readonly<Record<string, number>>;
  /** Weights that learn. */
  readonly learning: number;
  readonly loss: readonly number[];
  readonly valLoss: readonly number[];
}

const stored = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../reference/${name}.json`, import.meta.url), 'utf8'));
const reference = stored('presets-keras') as Readonly<Record<string, PresetNumbers>>;

const architectures: Readonly<Record<string, Architecture>> = {
  'mobilenet-v2': mobileNetV2Keras,
  resnet50: resNet50Keras,
  vgg16,
};

after(() => engine.close());

test('the draws that Keras was fed with are still what Eosin draws', () => {
  assert.deepEqual(presetDraws(), stored('presets-draws'));
});

for (const [name, expected] of Object.entries(reference)) {
  test(`${name}: losses of five steps are Keras'`, async () => {
    const [preset, ...changes] = name.split(' ');
    const file = new URL(`../../resources/recipes/${preset}.json`, import.meta.url);
    const shipped = parseRecipe(readFileSync(file, 'utf8'));
    const last = shipped.phases.length - 1;
    const settings = [`batchSize=${batchSize}`, `patchesPerEpoch=${batchSize}`, `phases.${last}.epochs=${epochs}`];
    settings.push(...changes);
    // The whole network is compared under the classic settings of data; its warm-up fits into five steps.
    if (name === 'full') settings.push('augment=null', 'sampling=shuffle', 'phases.1.schedule.warmUpSteps=2');
    const changed = applySettings(shipped, settings);
    const recipe = {
      ...changed,
      phases: changed.phases.slice(last),
      head: { ...changed.head, start: 'random' as const },
    };
    const { tf } = engine;
    const tensors = tf.memory().numTensors;
    const { sizePx, shrink } = expected;
    const { backbone, base } = await formulaBackbone(tf, architectures[recipe.backbone]!, sizePx);
    const network = attachHead(tf, backbone, base, recipe.attach, recipe.head, 3, 1);
    const whole = upperNetwork(tf, network, null);
    whole.restore(
      whole.variables.map(({ name: weight, variable: { shape } }) => {
        const factor = Object.entries(shrink).find(([ending]) => weight.endsWith(ending))?.[1] ?? 1;
        return { name: weight, shape, values: formulaWeight(weight, shape).map((value) => value * factor) };
      }),
    );
    const pixels = formulaPictures(pictureCount, sizePx);
    const bytes = sizePx * sizePx * 3;
    const part = (as: PlannedPatch['part']): PlannedPatch[] => pictures.map((picture) => ({ ...picture, part: as }));
    const events: JobEvent[] = [];
    const data = { train: part('train'), validation: part('validation'), test: [], patientsKnown: true };
    await runPhases({
      engine: tf,
      cache: {
        network,
        pooling: 'average',
        source: {
          count: pictureCount,
          sizePx,
          contextPx: 0,
          read: async (index, into) => into.set(pixels.subarray(index * bytes, (index + 1) * bytes)),
        },
        forward: onnxForward,
        caches: memoryCaches(),
        threads: 2,
        augment: recipe.augment,
        seed: recipe.seed,
      },
      data: { ...data, classNames: ['a', 'b', 'c'] },
      recipe,
      sink: memorySink(),
      checkpointEveryMs: Number.POSITIVE_INFINITY,
      mostAtOnce: Number.POSITIVE_INFINITY,
      decide: () => 'keep-best',
      origin: { planHash: '', appVersion: '', engine: engine.id, attach: recipe.attach },
      resume: null,
      emit: (event) => events.push(event),
      breathe: async () => {},
    });
    const seen = ofType(events, 'epoch');
    assert.equal(seen.length, epochs);
    for (const [step, { loss, valLoss }] of seen.entries()) {
      const told = `step ${step + 1}: ${loss} / ${valLoss}, Keras ${expected.loss[step]} / ${expected.valLoss[step]}`;
      assert.ok(near(loss, expected.loss[step]!) && near(valLoss, expected.valLoss[step]!), told);
    }
    base.dispose();
    for (const made of network.head.made) network.model.getLayer(made).dispose();
    assert.equal(tf.memory().numTensors, tensors, 'no tensor is left behind');
  });
}

function near(value: number, expected: number): boolean {
  return Math.abs(value - expected) < 1e-3 * Math.max(1, expected);
}
