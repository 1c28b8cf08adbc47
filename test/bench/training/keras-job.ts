/** What the Keras peer of the training bench reads: pictures as Eosin augments them, the backbone's numbers, the recipe. */
import { mkdirSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import type { Augment } from '../../../app/core/recipe-augment.ts';
import { openEngine } from '../../../app/engine/node.ts';
import { openPatchSource } from '../../../app/jobs/node-ports.ts';
import { fillStore } from '../../../app/jobs/train-model.ts';
import type { TrainPlan } from '../../../app/jobs/train-plan.ts';
import type { LayerGroup, Preprocessing } from '../../../app/networks/backbone.ts';
import { backboneUpTo } from '../../../app/networks/layer-groups.ts';
import { allViews, viewBatches } from '../../../app/training/augment/view-batches.ts';
import type { PatchSource } from '../../../app/training/ports.ts';
import { loadBackbone } from '../../../app/weights/load-backbone-node.ts';
import type { TrainingBench } from './training-bench.ts';

const forwardBatch = 16;

interface StoredNumbers {
  /** Places in weights.f32, in numbers. */
  readonly weights: Record<string, { offset: number; length: number; shape: readonly number[] }>;
  /** Average-pooled features of the first validation picture. */
  readonly golden: readonly number[];
}

/** Writes job.json, train.u8 (patch * views + view), validation.u8 and weights.f32 into `folder`. */
export async function writeKerasJob(
  bench: TrainingBench,
  plan: TrainPlan,
  attach: string,
  folder: string,
): Promise<void> {
  const { recipe } = plan;
  const { sizePx } = recipe.input;
  const part = (name: string) => plan.patches.filter((patch) => patch.part === name);
  const [train, held] = [part('train'), part('validation')];
  mkdirSync(folder, { recursive: true });
  const store = { file: path.join(folder, 'patches.raw'), count: plan.patches.length, sizePx, contextPx: 0 };
  await fillStore(bench.deps.pool, store, plan, () => undefined, new AbortController().signal);
  const source = await openPatchSource(store);
  const { backbone, weights } = await loadBackbone(bench.deps.backbones.source(recipe.backbone));
  const groups = backboneUpTo(backbone.groups, attach);
  const engine = await openEngine('wasm', { threads: bench.deps.threads });
  const base = await backbone.build(engine.tf, weights, sizePx);
  try {
    await writePictures(
      path.join(folder, 'train.u8'),
      source,
      recipe.augment,
      recipe.seed,
      allViews(train, recipe.views),
    );
    await writePictures(path.join(folder, 'validation.u8'), source, null, recipe.seed, allViews(held, 1));
    const first = new Uint8Array(sizePx * sizePx * 3);
    await source.read(held[0]!.index, first);
    const golden = await pooledFeatures(engine.tf, base, groups.at(-1)!, backbone.preprocessing, first, sizePx);
    const stored: StoredNumbers = { golden, weights: await writeNumbers(base, path.join(folder, 'weights.f32')) };
    const { mean, scale } = backbone.preprocessing;
    const job = {
      ...stored,
      ...{ sizePx, mean, scale, views: recipe.views, batchSize: recipe.batchSize, seed: recipe.seed },
      ...{ patchesPerEpoch: recipe.patchesPerEpoch, classes: plan.classes.map(({ name }) => name) },
      ...{ weightDecay: recipe.optimizer.weightDecay, clipNorm: recipe.optimizer.clipNorm },
      labels: train.map(({ classIndex }) => classIndex),
      heldLabels: held.map(({ classIndex }) => classIndex),
      output: groups.at(-1)!.output,
      phases: recipe.phases.map(({ name, unfreeze, epochs, learningRate, schedule, stop }) => ({
        ...{ name, epochs, learningRate, patience: stop?.patience ?? null },
        warmUpSteps: 'warmUpSteps' in schedule ? schedule.warmUpSteps : 0,
        layers: unfreeze === 0 ? [] : groups.slice(-Number(unfreeze)).flatMap(({ layers }) => layers),
      })),
    };
    await writeFile(path.join(folder, 'job.json'), JSON.stringify(job));
  } finally {
    base.dispose();
    await source.close();
    await engine.close();
  }
}

async function writePictures(
  file: string,
  source: PatchSource,
  augment: Augment | null,
  seed: number,
  views: ReturnType<typeof allViews>,
): Promise<void> {
  const out = await open(file, 'w');
  const bytes = source.sizePx ** 2 * 3;
  for await (const { pixels, count } of viewBatches(source, augment, seed, views, forwardBatch)) {
    await out.writeFile(pixels.subarray(0, count * bytes));
  }
  await out.close();
}

async function pooledFeatures(
  engine: typeof tf,
  base: tf.LayersModel,
  { output }: LayerGroup,
  { mean, scale }: Preprocessing,
  pixels: Uint8Array,
  sizePx: number,
): Promise<number[]> {
  const below = engine.model({ inputs: base.inputs, outputs: base.getLayer(output).output as tf.SymbolicTensor });
  const pooled = engine.tidy(() => {
    const picture = engine.tensor4d(Float32Array.from(pixels), [1, sizePx, sizePx, 3]); // rgb, 0..255
    const x = picture.sub(engine.tensor1d([...mean])).div(engine.tensor1d([...scale]));
    return (below.predict(x) as tf.Tensor4D).mean([1, 2]);
  });
  const values = Array.from(await pooled.data());
  pooled.dispose();
  return values;
}

async function writeNumbers(base: tf.LayersModel, file: string): Promise<StoredNumbers['weights']> {
  const places: StoredNumbers['weights'] = {};
  const out = await open(file, 'w');
  let offset = 0;
  for (const weight of base.weights) {
    const values = (await weight.read().data()) as Float32Array;
    places[weight.originalName] = { offset, length: values.length, shape: weight.shape as number[] };
    await out.writeFile(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    offset += values.length;
  }
  await out.close();
  return places;
}
