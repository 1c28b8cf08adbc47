/** One pass over an epoch's order, from its beginning or from where it stopped. */
import type * as tf from '@tensorflow/tfjs';
import { chunks } from '../core/chunks.ts';
import { EosinError } from '../core/errors.ts';
import { hashText, randomFor } from '../core/random.ts';
import type { UpperNetwork } from '../networks/split-network.ts';
import { epochOrder } from '../patches/sampling.ts';
import type { Activations, Draw } from './activation-cache.ts';
import type { EpochPosition } from './checkpoint.ts';
import type { FitRequest } from './fit.ts';
import { feedBatches, gradientsOf } from './gradients.ts';
import type { Optimizer } from './optimizer.ts';
import { readRows } from './row-feed.ts';

export interface EpochTraining {
  readonly loss: number;
  readonly accuracy: number;
  /** Of the pictures that this pass has trained on, drawing of views included. */
  readonly imagesPerSecond: number;
  /** Share of the steps' time in which the engine waited for rows. */
  readonly dataWaitShare: number;
}

/**
 * Trains on the rest of the epoch; null as soon as the loss, or at the end a weight, is not a number.
 *
 * @param epoch 0-based within the phase.
 * @param from where it begins or goes on.
 * @param breathe awaited while views are drawn, before the first batch.
 * @param onBatch awaited after each batch; network and optimizer stand at its position then.
 * @throws EosinError `train/bad-patch` where a patch's own numbers are at fault.
 */
export async function trainEpoch(
  request: FitRequest,
  optimizer: Optimizer,
  epoch: number,
  from: EpochPosition,
  rateAt: (step: number) => number,
  breathe: () => Promise<void>,
  onBatch: (position: EpochPosition) => Promise<void>,
): Promise<EpochTraining | null> {
  const { engine, upper, train, phaseIndex, recipe } = request;
  const startMs = performance.now();
  if (recipe.augment && recipe.renewViews) await train.renew(Math.floor(epoch / recipe.renewViews), breathe);
  const order = orderOf(request, epoch);
  const batches = [...chunks(order, recipe.batchSize)];
  const stepsMs = performance.now();
  const left = batches.slice(from.batches);
  const feed = feedBatches(request, left);
  let at = from;
  try {
    for (const batch of left) {
      const dropoutSeed = hashText(`${recipe.seed}/dropout/${phaseIndex}/${at.step}`);
      const { gradients, loss, correct } = await gradientsOf(request, batch, dropoutSeed, feed);
      try {
        if (!Number.isFinite(loss)) {
          await assertFiniteRows(train, batches.slice(0, at.batches + 1).flat());
          return null;
        }
        optimizer.apply(gradients, rateAt(at.step));
      } finally {
        engine.dispose(gradients);
      }
      at = {
        batches: at.batches + 1,
        lossSum: at.lossSum + loss * batch.length,
        hits: at.hits + correct,
        step: at.step + 1,
      };
      await onBatch(at);
    }
  } finally {
    await feed.close();
  }
  const endMs = performance.now();
  if (!(await finiteWeights(engine, upper))) {
    await assertFiniteRows(train, order);
    return null;
  }
  return {
    loss: at.lossSum / order.length,
    accuracy: at.hits / order.length,
    imagesPerSecond: left.flat().length / Math.max(1e-3, (endMs - startMs) / 1000),
    dataWaitShare: feed.waitedMs / Math.max(1, endMs - stepsMs),
  };
}

/** The epoch's patches in order, each with a view; fixed by seed, phase and epoch. */
export function orderOf({ recipe, phaseIndex, train }: FitRequest, epoch: number): Draw[] {
  const order = epochOrder(train.patches, {
    mode: recipe.sampling,
    seed: recipe.seed,
    epoch: phaseIndex * 1000 + epoch,
    length: epochLength({ recipe, train }),
  });
  const random = randomFor(recipe.seed, 'view', phaseIndex, epoch);
  return Array.from(order, (patch) => ({ patch, view: random.integer(train.views) }));
}

/** Pictures an epoch. */
export function epochLength({ recipe, train }: Pick<FitRequest, 'recipe' | 'train'>): number {
  return Math.min(train.patches.length, recipe.patchesPerEpoch ?? Number.POSITIVE_INFINITY);
}

/** Infinity and NaN survive a sum. */
async function finiteWeights(engine: typeof tf, { variables }: UpperNetwork): Promise<boolean> {
  const sum = engine.tidy(() => engine.addN(variables.map(({ variable }) => variable.sum())));
  const [value] = await sum.data();
  sum.dispose();
  return Number.isFinite(value);
}

/**
 * All that the epoch has read so far: a relu may swallow a NaN, and then the weights that it spoils show it a step later.
 *
 * @throws EosinError `train/bad-patch` that names the first patch whose row holds what is not a number.
 */
async function assertFiniteRows(train: Activations, read: readonly Draw[]): Promise<void> {
  for (const draw of read) {
    const row = await readRows(train, [draw]);
    if (row.every(Number.isFinite)) continue;
    const { index, patient, region } = train.patches[draw.patch]!;
    throw new EosinError(
      'train/bad-patch',
      'input',
      `Patch ${index} (patient ${patient}, region ${region}) gives values that are not numbers.`,
      {
        remedy: 'Leave its region out, or train on another engine (--engine cpu). The best weights so far are kept.',
        fields: { patch: index, patient, region },
      },
    );
  }
}
