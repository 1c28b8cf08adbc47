/**
 * A linear head starts where its linear probe ends, instead of at random numbers: logistic regression is convex and solved
 * in a second, and fine-tuning that starts from a good head does not distort the features below it (Kumar et al. 2022).
 */
import type { Network } from '../networks/network.ts';
import type { UpperNetwork, WeightSnapshot } from '../networks/split-network.ts';
import { capPerClass } from '../patches/sampling.ts';
import { type Activations, rowLength } from './activation-cache.ts';
import { crossValidate, fitProbe, type ProbeRows, probeFolds } from './linear-probe.ts';
import type { TrainingData } from './training-data.ts';

/** Patches that the penalty is tuned on, and that the probe learns from. */
const tuningLimit = 600;
const fitLimit = 1200;
/** Activations that the last fit learns from: it runs in one piece, and a cancel must not wait for it for long. */
const fitValues = 2e6;

/**
 * Sets kernel and bias of the head's one dense layer to the probe's solution on the training views. `train` holds what the
 * pooled head sees: rows of one value a channel.
 */
export async function startHead(
  network: Network,
  upper: UpperNetwork,
  train: Activations,
  data: TrainingData,
  seed: number,
  breathe: () => Promise<void>,
): Promise<void> {
  const classCount = network.classCount;
  const tuning = await rowsOf(train, tuningLimit, Math.min(2, train.views), classCount, seed);
  const patches = tuning.places.map((place) => train.patches[place]!);
  const { l2 } = await crossValidate(tuning, probeFolds(patches, data.patientsKnown, classCount, seed), breathe);
  const patchCount = Math.min(train.patches.length, fitLimit);
  const views = Math.floor(fitValues / (patchCount * rowLength(train.shape)));
  const fitting = await rowsOf(train, fitLimit, Math.max(1, Math.min(train.views, views)), classCount, seed);
  const { kernel, bias } = fitProbe(fitting, l2);
  await breathe();
  const start = await upper.snapshot();
  upper.restore(
    start.map((weight): WeightSnapshot => {
      if (weight.name === `${network.head.logits}/kernel`) return { ...weight, values: kernel };
      if (weight.name === `${network.head.logits}/bias`) return { ...weight, values: bias };
      return weight;
    }),
  );
}

/** True where the head is one dense layer on averaged features, so that a linear probe is the same function. */
export function isLinearHead(network: Network, train: Activations): boolean {
  return network.head.dense.length === 0 && train.shape[0] === 1 && train.shape[1] === 1;
}

async function rowsOf(
  train: Activations,
  limit: number,
  views: number,
  classCount: number,
  seed: number,
): Promise<ProbeRows & { places: number[] }> {
  const places = [...capPerClass(train.patches, Math.ceil(limit / classCount), seed)];
  const d = rowLength(train.shape);
  const features = new Float32Array(places.length * views * d);
  for (const [i, place] of places.entries()) {
    for (let view = 0; view < views; view++) {
      const at = (i * views + view) * d;
      await train.read(place, view, features.subarray(at, at + d));
    }
  }
  return { features, views, labels: places.map((place) => train.patches[place]!.classIndex), classCount, places };
}
