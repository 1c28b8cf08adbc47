/**
 * The loop of one phase. Own, never model.fit: seeded order, frozen BatchNormalization, a rate a group, best weights back.
 *
 *     for epoch:
 *       for batch of the epoch's order:   rows -> logits -> loss -> gradients -> step
 *       validate                          -> best so far? keep the weights   -> stop?
 *     put the best weights back
 */
import type * as tf from '@tensorflow/tfjs';
import { chunks } from '../core/chunks.ts';
import { EosinError } from '../core/errors.ts';
import { createEta } from '../core/progress.ts';
import { hashText, randomFor } from '../core/random.ts';
import type { Recipe } from '../core/recipe.ts';
import type { Phase } from '../core/recipe-phase.ts';
import type { EpochEvent } from '../core/run.ts';
import type { UpperNetwork, WeightSnapshot } from '../networks/split-network.ts';
import { epochOrder } from '../patches/sampling.ts';
import type { Activations, Draw } from './activation-cache.ts';
import type { FitState } from './checkpoint.ts';
import { initialStop, judgeEpoch, neverStop } from './early-stopping.ts';
import { feedBatches, gradientsOf } from './gradients.ts';
import { createOptimizer, type Optimizer } from './optimizer.ts';
import { readRows } from './row-feed.ts';
import { afterEpoch, initialPlateau, rateAt } from './schedules.ts';
import { validate } from './validate.ts';

export interface FitRequest {
  readonly engine: typeof tf;
  readonly upper: UpperNetwork;
  readonly phase: Phase;
  /** Number of the phase in the run; a part of the seed of order and dropout. */
  readonly phaseIndex: number;
  readonly recipe: Pick<
    Recipe,
    'optimizer' | 'loss' | 'head' | 'batchSize' | 'patchesPerEpoch' | 'sampling' | 'augment' | 'renewViews' | 'seed'
  >;
  readonly classWeights: readonly number[] | null;
  readonly train: Activations;
  readonly validation: Activations;
  /** Pictures whose activations fit into memory at once; a batch is made of as many of these as it takes. */
  readonly microBatch: number;
  /** The recipe's key of the phase's learning rate, and its value there: what a remedy names. */
  readonly rateSetting: { readonly key: string; readonly value: number };
  /** Where an interrupted phase goes on. */
  readonly resume: { readonly epoch: number; readonly state: FitState; readonly best: FitBest } | null;
}

/** The best epoch of a phase. */
export interface FitBest {
  /** 1-based. */
  readonly epoch: number;
  readonly valLoss: number;
  readonly valAccuracy: number;
  /** The loss of each validation patch. */
  readonly losses: Float32Array;
  readonly weights: readonly WeightSnapshot[];
}

export interface FitHooks {
  /** After each epoch; `state` is what a resume needs, `best` what to keep. Slow work (a file) is awaited. */
  onEpoch(event: EpochEvent, best: FitBest, state: () => Promise<FitState>): Promise<void>;
  onNote(text: string): void;
  breathe(): Promise<void>;
}

/** A training loss this many times its lowest, three epochs in a row, is no learning any more. */
const divergingFactor = 10;
const divergingEpochs = 3;
/** How often a phase goes on at half the rate after its loss was not a number. */
const mostHalvings = 3;

/**
 * Trains `upper` in place and leaves the best weights in it: on early stop, at the normal end, on cancel, on divergence.
 * A loss that is not a number ends the epoch at that step: the state after the last good epoch is put back and the phase goes
 * on at half the rate, three times at the most.
 *
 * @throws EosinError `train/diverged` when that did not help; `train/bad-patch` where a patch's own numbers are at fault;
 * `job/cancelled` on cancel.
 */
export async function fit(request: FitRequest, hooks: FitHooks): Promise<FitBest> {
  const { engine, upper, phase, recipe } = request;
  const config = phase.stop ?? neverStop;
  const optimizer = createOptimizer(engine, upper.variables, recipe.optimizer, phase.layerDecay);
  const length = { stepsPerEpoch: Math.ceil(epochLength(request) / recipe.batchSize), epochs: phase.epochs };
  const resumed = request.resume;
  let { step, stop, plateau, lowestLoss, divergingEpochs: diverging, halvings } = resumed?.state ?? freshState;
  let best = resumed?.best ?? null;
  if (resumed) optimizer.restore(resumed.state.optimizer);
  const eta = createEta();
  const rateAtStep = (at: number): number =>
    rateAt(phase.schedule, phase.learningRate, at, length, plateau) * 0.5 ** halvings;
  try {
    let good = { weights: await upper.snapshot(), optimizer: await optimizer.state(), step };
    let epoch = resumed?.epoch ?? 0;
    while (epoch < phase.epochs && !stop.stop) {
      const startMs = performance.now();
      const trained = await trainEpoch(request, optimizer, epoch, step, rateAtStep, hooks);
      const trainedMs = performance.now();
      const judged = trained && (await validate(request, hooks.breathe));
      if (!trained || !judged || !Number.isFinite(judged.loss)) {
        if (halvings === mostHalvings) throw diverged(request, epoch);
        halvings++;
        upper.restore(good.weights);
        optimizer.restore(good.optimizer);
        step = good.step;
        hooks.onNote(halvingNote(request, epoch, halvings));
        continue;
      }
      step = trained.step;
      const learningRate = rateAtStep(step - 1);
      const { loss, accuracy } = trained;
      const { loss: valLoss, accuracy: valAccuracy, losses } = judged;
      const scores = { loss, accuracy, valLoss, valAccuracy };
      stop = judgeEpoch(config, stop, epoch, scores);
      plateau = afterEpoch(phase.schedule, phase.learningRate, plateau, scores);
      good = { weights: await upper.snapshot(), optimizer: await optimizer.state(), step };
      if (stop.improved || best === null || epoch < config.warmUp || !config.restoreBest) {
        best = { epoch: epoch + 1, valLoss, valAccuracy, losses, weights: good.weights };
      }
      lowestLoss = Math.min(lowestLoss, loss);
      diverging = loss > divergingFactor * lowestLoss ? diverging + 1 : 0;
      const state = { stop, plateau, step, lowestLoss, divergingEpochs: diverging, halvings };
      epoch++;
      await hooks.onEpoch(
        {
          type: 'epoch',
          phase: phase.name,
          epoch,
          epochs: phase.epochs,
          ...scores,
          learningRate,
          seconds: (performance.now() - startMs) / 1000,
          imagesPerSecond: epochLength(request) / Math.max(1e-3, (trainedMs - startMs) / 1000),
          dataWaitShare: trained.dataWaitShare,
          best: best.epoch === epoch,
          etaSeconds: eta.after(epoch - (resumed?.epoch ?? 0), phase.epochs - (resumed?.epoch ?? 0)),
        },
        best,
        async () => ({ ...state, optimizer: good.optimizer }),
      );
      if (diverging >= divergingEpochs) {
        hooks.onNote(
          `The training loss of phase ${phase.name} was over ${divergingFactor} times its lowest for ${divergingEpochs} ` +
            'epochs; the phase ends with its best weights. A lower learning rate may help.',
        );
        break;
      }
    }
    return best!;
  } finally {
    if (best) upper.restore(best.weights);
    optimizer.dispose();
  }
}

const freshState = {
  step: 0,
  stop: initialStop,
  plateau: initialPlateau,
  lowestLoss: Number.POSITIVE_INFINITY,
  divergingEpochs: 0,
  halvings: 0,
};

interface EpochTraining {
  /** Steps done in the phase when the epoch was over. */
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
  /** Share of the steps' time in which the engine waited for rows. */
  readonly dataWaitShare: number;
}

/** One pass over the epoch's order; null as soon as the loss, or at the end a weight, is not a number. */
async function trainEpoch(
  request: FitRequest,
  optimizer: Optimizer,
  epoch: number,
  firstStep: number,
  rateAtStep: (step: number) => number,
  hooks: FitHooks,
): Promise<EpochTraining | null> {
  const { engine, upper, train, phaseIndex, recipe } = request;
  if (recipe.augment && recipe.renewViews) await train.renew(Math.floor(epoch / recipe.renewViews), hooks.breathe);
  const order = orderOf(request, epoch);
  const batches = [...chunks(order, recipe.batchSize)];
  const startMs = performance.now();
  const feed = feedBatches(request, batches);
  let step = firstStep;
  let lossSum = 0;
  let hits = 0;
  try {
    for (const [i, batch] of batches.entries()) {
      const dropoutSeed = hashText(`${recipe.seed}/dropout/${phaseIndex}/${step}`);
      const { gradients, loss, correct } = await gradientsOf(request, batch, dropoutSeed, feed);
      try {
        if (!Number.isFinite(loss)) {
          await assertFiniteRows(train, batches.slice(0, i + 1).flat());
          return null;
        }
        optimizer.apply(gradients, rateAtStep(step));
      } finally {
        engine.dispose(gradients);
      }
      step++;
      lossSum += loss * batch.length;
      hits += correct;
      await hooks.breathe();
    }
  } finally {
    await feed.close();
  }
  const dataWaitShare = feed.waitedMs / (performance.now() - startMs);
  if (!(await finiteWeights(engine, upper))) {
    await assertFiniteRows(train, order);
    return null;
  }
  return { step, loss: lossSum / order.length, accuracy: hits / order.length, dataWaitShare };
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

function epochLength({ recipe, train }: Pick<FitRequest, 'recipe' | 'train'>): number {
  return Math.min(train.patches.length, recipe.patchesPerEpoch ?? Number.POSITIVE_INFINITY);
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

function halvingNote({ phase }: FitRequest, epoch: number, halvings: number): string {
  const rate = phase.learningRate * 0.5 ** halvings;
  return (
    `The loss was not a number in epoch ${epoch + 1} of phase ${phase.name}: back to the weights before it, and on at half ` +
    `the learning rate, ${rate.toExponential(1)} (${halvings} of at most ${mostHalvings} times).`
  );
}

function diverged({ phase, rateSetting: { key, value } }: FitRequest, epoch: number): EosinError {
  return new EosinError('train/diverged', 'input', `Training diverged in epoch ${epoch + 1} of phase ${phase.name}.`, {
    remedy:
      `Half the learning rate did not help ${mostHalvings} times; try --set ${key}=${value / 2 ** (mostHalvings + 1)}, or find one ` +
      'with --find-rate. The best weights so far are kept.',
    fields: { phase: phase.name, epoch: epoch + 1, learningRate: phase.learningRate },
  });
}
