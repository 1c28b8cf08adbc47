/**
 * The loop of one phase. Own, never model.fit: seeded order, frozen BatchNormalization, a rate a group, best weights back.
 *
 *     for epoch:
 *       for batch of the epoch's order:   rows -> logits -> loss -> gradients -> step
 *       validate                          -> best so far? keep the weights   -> stop?
 *     put the best weights back
 */
import type * as tf from '@tensorflow/tfjs';
import { EosinError } from '../core/errors.ts';
import { createEta } from '../core/progress.ts';
import { hashText, randomFor } from '../core/random.ts';
import type { Phase, Recipe } from '../core/recipe.ts';
import type { EpochEvent } from '../core/run.ts';
import type { UpperNetwork, WeightSnapshot } from '../networks/split-network.ts';
import { epochOrder } from '../patches/sampling.ts';
import { type Activations, rowLength } from './activation-cache.ts';
import type { FitState } from './checkpoint.ts';
import { initialStop, judgeEpoch, neverStop } from './early-stopping.ts';
import { crossEntropy } from './loss.ts';
import { createOptimizer } from './optimizer.ts';
import { afterEpoch, initialPlateau, rateAt } from './schedules.ts';

export interface FitRequest {
  readonly engine: typeof tf;
  readonly upper: UpperNetwork;
  readonly phase: Phase;
  /** Number of the phase in the run; a part of the seed of order and dropout. */
  readonly phaseIndex: number;
  readonly recipe: Pick<
    Recipe,
    'optimizer' | 'loss' | 'head' | 'batchSize' | 'patchesPerEpoch' | 'sampling' | 'renewViews' | 'seed'
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

/**
 * Trains `upper` in place and leaves the best weights in it: on early stop, at the normal end, on cancel, on divergence.
 *
 * @throws EosinError `train/diverged` when the loss is not a number; `job/cancelled` on cancel.
 */
export async function fit(request: FitRequest, hooks: FitHooks): Promise<FitBest> {
  const { engine, upper, phase, phaseIndex, recipe } = request;
  const config = phase.stop ?? neverStop;
  const optimizer = createOptimizer(engine, upper.variables, recipe.optimizer, phase.layerDecay);
  const stepsPerEpoch = Math.ceil(epochLength(request) / recipe.batchSize);
  const resumed = request.resume;
  let step = resumed?.state.step ?? 0;
  let stop = resumed?.state.stop ?? initialStop;
  let plateau = resumed?.state.plateau ?? initialPlateau;
  let lowestLoss = resumed?.state.lowestLoss ?? Number.POSITIVE_INFINITY;
  let diverging = resumed?.state.divergingEpochs ?? 0;
  let best = resumed?.best ?? null;
  if (resumed) optimizer.restore(resumed.state.optimizer);
  const eta = createEta();
  try {
    for (let epoch = resumed?.epoch ?? 0; epoch < phase.epochs && !stop.stop; epoch++) {
      const startMs = performance.now();
      if (recipe.renewViews) await request.train.renew(Math.floor(epoch / recipe.renewViews), hooks.breathe);
      const order = orderOf(request, epoch);
      const length = { stepsPerEpoch, epochs: phase.epochs };
      const rateNow = (): number => rateAt(phase.schedule, phase.learningRate, step, length, plateau);
      let lossSum = 0;
      let hits = 0;
      const learningRate = rateNow();
      for (let from = 0; from < order.length; from += recipe.batchSize) {
        const batch = order.slice(from, from + recipe.batchSize);
        const dropoutSeed = hashText(`${recipe.seed}/dropout/${phaseIndex}/${step}`);
        const { gradients, loss, correct } = await gradientsOf(request, batch, dropoutSeed);
        try {
          if (!Number.isFinite(loss)) throw diverged(request, epoch);
          optimizer.apply(gradients, rateNow());
        } finally {
          engine.dispose(gradients);
        }
        step++;
        lossSum += loss * batch.length;
        hits += correct;
        await hooks.breathe();
      }
      const trained = performance.now();
      const { losses, accuracy: valAccuracy } = await validate(request, hooks.breathe);
      const valLoss = mean(losses);
      if (!Number.isFinite(valLoss)) throw diverged(request, epoch);
      const loss = lossSum / order.length;
      const accuracy = hits / order.length;
      const scores = { loss, accuracy, valLoss, valAccuracy };
      stop = judgeEpoch(config, stop, epoch, scores);
      plateau = afterEpoch(phase.schedule, phase.learningRate, plateau, scores);
      if (stop.improved || best === null || epoch < config.warmUp || !config.restoreBest) {
        best = { epoch: epoch + 1, valLoss, valAccuracy, losses, weights: await upper.snapshot() };
      }
      lowestLoss = Math.min(lowestLoss, loss);
      diverging = loss > divergingFactor * lowestLoss ? diverging + 1 : 0;
      const state = { stop, plateau, step, lowestLoss, divergingEpochs: diverging };
      await hooks.onEpoch(
        {
          type: 'epoch',
          phase: phase.name,
          epoch: epoch + 1,
          epochs: phase.epochs,
          loss,
          accuracy,
          valLoss,
          valAccuracy,
          learningRate,
          seconds: (performance.now() - startMs) / 1000,
          imagesPerSecond: order.length / Math.max(1e-3, (trained - startMs) / 1000),
          best: best.epoch === epoch + 1,
          etaSeconds: eta.after(epoch + 1 - (resumed?.epoch ?? 0), phase.epochs - (resumed?.epoch ?? 0)),
        },
        best,
        async () => ({ ...state, optimizer: await optimizer.state() }),
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

interface Draw {
  /** Place in `train.patches`. */
  readonly patch: number;
  readonly view: number;
}

function epochLength({ recipe, train }: Pick<FitRequest, 'recipe' | 'train'>): number {
  return Math.min(train.patches.length, recipe.patchesPerEpoch ?? Number.POSITIVE_INFINITY);
}

/** The epoch's patches in order, each with a view; fixed by seed, phase and epoch. */
function orderOf({ recipe, phaseIndex, train }: FitRequest, epoch: number): Draw[] {
  const order = epochOrder(train.patches, {
    mode: recipe.sampling,
    seed: recipe.seed,
    epoch: phaseIndex * 1000 + epoch,
    length: epochLength({ recipe, train }),
  });
  const random = randomFor(recipe.seed, 'view', phaseIndex, epoch);
  return Array.from(order, (patch) => ({ patch, view: random.integer(train.views) }));
}

interface Gradients {
  readonly gradients: tf.NamedTensorMap;
  /** Mean loss of the batch, L2 included. */
  readonly loss: number;
  readonly correct: number;
}

/** Gradients of one batch, summed over micro-batches: with frozen BatchNormalization the sum equals the whole batch's. */
async function gradientsOf(request: FitRequest, batch: readonly Draw[], dropoutSeed: number): Promise<Gradients> {
  const { engine, train, microBatch } = request;
  let total: Gradients | null = null;
  for (let from = 0; from < batch.length; from += microBatch) {
    const part = batch.slice(from, from + microBatch);
    const rows = await readRows(train, part);
    const classes = part.map(({ patch }) => train.patches[patch]!.classIndex);
    const next: Gradients = await partGradients(request, rows, classes, batch.length, from, dropoutSeed + from);
    if (total === null) {
      total = next;
      continue;
    }
    const sum: tf.NamedTensorMap = {};
    for (const [name, gradient] of Object.entries(total.gradients)) sum[name] = gradient.add(next.gradients[name]!);
    engine.dispose(total.gradients);
    engine.dispose(next.gradients);
    total = { gradients: sum, loss: total.loss + next.loss, correct: total.correct + next.correct };
  }
  return total!;
}

async function partGradients(
  { engine, upper, recipe, classWeights, train }: FitRequest,
  rows: Float32Array,
  classes: readonly number[],
  batchLength: number,
  from: number,
  dropoutSeed: number,
): Promise<Gradients> {
  const variables = upper.variables.map(({ variable }) => variable);
  const penalised = from === 0 && recipe.head.l2 > 0;
  const { value, grads, correct } = engine.tidy(() => {
    const x = engine.tensor4d(rows, [classes.length, ...train.shape]); // [n, h, w, channels]
    let hits: tf.Tensor | null = null;
    const result = engine.variableGrads(() => {
      const logits = upper.logits(x, { dropoutSeed }); // [n, classes]
      hits = engine.keep(countCorrect(engine, logits, classes));
      const losses = crossEntropy(engine, logits, classes, recipe.loss.labelSmoothing, classWeights); // [n]
      const data = losses.sum().div(batchLength);
      return (penalised ? data.add(headPenalty(engine, upper, recipe.head.l2)) : data) as tf.Scalar;
    }, variables);
    return { ...result, correct: hits! as tf.Tensor };
  });
  const [loss, hits] = [(await value.data())[0]!, (await correct.data())[0]!];
  engine.dispose([value, correct]);
  return { gradients: grads, loss, correct: hits };
}

/** l2 * sum of w² over the head's kernels, as Keras' kernel_regularizer adds it to the loss. */
function headPenalty(engine: typeof tf, upper: UpperNetwork, l2: number): tf.Tensor {
  const kernels = upper.variables.filter(({ group, role }) => group === 'head' && role === 'kernel');
  return engine.addN(kernels.map(({ variable }) => variable.square().sum())).mul(l2);
}

function countCorrect(engine: typeof tf, logits: tf.Tensor2D, classes: readonly number[]): tf.Tensor {
  return engine.tidy(() =>
    logits
      .argMax(1)
      .equal(engine.tensor1d([...classes], 'int32'))
      .sum(),
  );
}

/** The loss of each validation patch (no smoothing, no weights) and the share that is right. */
async function validate(
  { engine, upper, validation, microBatch }: FitRequest,
  breathe: () => Promise<void>,
): Promise<{ losses: Float32Array; accuracy: number }> {
  const count = validation.patches.length;
  const losses = new Float32Array(count);
  let hits = 0;
  for (let from = 0; from < count; from += microBatch) {
    const part = validation.patches.slice(from, from + microBatch);
    const rows = await readRows(
      validation,
      part.map((_, i) => ({ patch: from + i, view: 0 })),
    );
    const classes = part.map(({ classIndex }) => classIndex);
    const [loss, correct] = engine.tidy(() => {
      const logits = upper.logits(engine.tensor4d(rows, [part.length, ...validation.shape]));
      return [crossEntropy(engine, logits, classes, 0, null), countCorrect(engine, logits, classes)] as const;
    });
    losses.set((await loss.data()) as Float32Array, from);
    hits += (await correct.data())[0]!;
    engine.dispose([loss, correct]);
    await breathe();
  }
  return { losses, accuracy: hits / count };
}

/** The rows of `draws`, one after another: [n, h * w * channels]. */
async function readRows(activations: Activations, draws: readonly Draw[]): Promise<Float32Array> {
  const length = rowLength(activations.shape);
  const rows = new Float32Array(draws.length * length);
  for (const [i, { patch, view }] of draws.entries()) {
    await activations.read(patch, view, rows.subarray(i * length, (i + 1) * length));
  }
  return rows;
}

function mean(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function diverged({ phase, rateSetting: { key, value } }: FitRequest, epoch: number): EosinError {
  return new EosinError('train/diverged', 'input', `Training diverged in epoch ${epoch + 1} of phase ${phase.name}.`, {
    remedy: `Halve its learning rate: --set ${key}=${value / 2}. The best weights so far are kept.`,
    fields: { phase: phase.name, epoch: epoch + 1, learningRate: phase.learningRate },
  });
}
