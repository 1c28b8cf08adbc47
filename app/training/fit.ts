/**
 * The loop of one phase. Own, never model.fit: seeded order, frozen BatchNormalization, a rate a group, best weights back.
 *
 *     for epoch:
 *       for batch of the epoch's order:   rows -> logits -> loss -> gradients -> step
 *       validate                          -> best so far? keep the weights   -> stop?
 *     put the best weights back
 */
import type * as tf from '@tensorflow/tfjs';
import { createEta } from '../core/progress.ts';
import type { Recipe } from '../core/recipe.ts';
import type { Phase } from '../core/recipe-phase.ts';
import type { DivergingAnswer, DivergingQuestion, EpochEvent } from '../core/run.ts';
import type { UpperNetwork, WeightSnapshot } from '../networks/split-network.ts';
import type { Activations } from './activation-cache.ts';
import type { EpochPosition, EpochStart, FitState, PhaseState } from './checkpoint.ts';
import { diverged, divergingNote, halvingNote, isDiverging, mostHalvings, watchLoss } from './divergence.ts';
import { initialStop, judgeEpoch, neverStop } from './early-stopping.ts';
import { createOptimizer, type Optimizer } from './optimizer.ts';
import { afterEpoch, initialPlateau, rateAt } from './schedules.ts';
import { epochLength, trainEpoch } from './train-epoch.ts';
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
  readonly resume: { readonly epoch: number; readonly state: FitState; readonly best: FitBest | null } | null;
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
  /** In mid-epoch, after each piece of work, where a run could go on as well. `epoch` is 0-based. */
  onMiddle(epoch: number, best: FitBest | null, state: () => Promise<FitState>): Promise<void>;
  /** The loss has run away. May throw, to ask somebody first. */
  onDiverging(question: DivergingQuestion): DivergingAnswer;
  onNote(text: string): void;
  breathe(): Promise<void>;
}

/**
 * Trains `upper` in place and leaves the best weights in it: on early stop, at the normal end, on cancel, on divergence.
 * A loss that is not a number ends the epoch at that step: the state after the last good epoch is put back and the phase goes
 * on at half the rate, three times at the most. A loss that stays far over its lowest is a question to `hooks.onDiverging`.
 *
 * @throws EosinError `train/diverged` when that did not help; `train/bad-patch` where a patch's own numbers are at fault;
 * `job/cancelled` on cancel.
 */
export async function fit(request: FitRequest, hooks: FitHooks): Promise<FitBest> {
  const { engine, upper, phase, recipe, resume } = request;
  const config = phase.stop ?? neverStop;
  const newOptimizer = (): Optimizer => createOptimizer(engine, upper.variables, recipe.optimizer, phase.layerDecay);
  let optimizer = newOptimizer();
  const length = { stepsPerEpoch: Math.ceil(epochLength(request) / recipe.batchSize), epochs: phase.epochs };
  const classes = new Set(request.train.patches.map(({ classIndex }) => classIndex)).size;
  const firstEpoch = resume?.epoch ?? 0;
  let state: PhaseState = resume?.state ?? freshState;
  let middle = resume?.state.middle ?? null;
  let best = resume?.best ?? null;
  if (resume) optimizer.restore(resume.state.optimizer);
  const eta = createEta();
  const rateAtStep = (step: number): number =>
    rateAt(phase.schedule, phase.learningRate, step, length, state.plateau) * 0.5 ** state.halvings;
  const beginning = async (): Promise<EpochStart> => ({
    weights: await upper.snapshot(),
    optimizer: await optimizer.state(),
  });
  try {
    let start = middle?.start ?? (await beginning());
    let epoch = firstEpoch;
    while (epoch < phase.epochs && !state.stop.stop) {
      if (best && isDiverging(state)) {
        const learningRate = phase.learningRate * 0.5 ** state.halvings;
        const asked = { type: 'diverging', phase: phase.name, epoch, bestEpoch: best.epoch, learningRate } as const;
        const answer = hooks.onDiverging(asked);
        hooks.onNote(divergingNote(asked, answer));
        if (answer === 'keep-best') break;
        state = { ...state, divergingEpochs: 0 };
        if (answer === 'half-rate') {
          state = { ...state, halvings: state.halvings + 1 };
          upper.restore(best.weights);
          optimizer.dispose();
          optimizer = newOptimizer();
          start = await beginning();
        }
      }
      const startMs = performance.now();
      let at: EpochPosition = middle ?? { batches: 0, lossSum: 0, hits: 0, step: state.step };
      middle = null;
      const here = async (): Promise<FitState> => {
        return { ...state, optimizer: await optimizer.state(), middle: { ...at, start } };
      };
      const breathe = async (): Promise<void> => {
        await hooks.onMiddle(epoch, best, here);
        await hooks.breathe();
      };
      const onBatch = (position: EpochPosition): Promise<void> => {
        at = position;
        return breathe();
      };
      const trained = await trainEpoch(request, optimizer, epoch, at, rateAtStep, hooks.breathe, onBatch);
      const judged = trained && (await validate(request, breathe));
      if (!trained || !judged || !Number.isFinite(judged.loss)) {
        if (state.halvings >= mostHalvings) throw diverged(request, epoch);
        state = { ...state, halvings: state.halvings + 1 };
        upper.restore(start.weights);
        optimizer.restore(start.optimizer);
        hooks.onNote(halvingNote(request, epoch, state.halvings));
        continue;
      }
      const learningRate = rateAtStep(at.step - 1);
      const { loss, accuracy, imagesPerSecond, dataWaitShare } = trained;
      const { loss: valLoss, accuracy: valAccuracy, losses } = judged;
      const scores = { loss, accuracy, valLoss, valAccuracy };
      const stop = judgeEpoch(config, state.stop, epoch, scores);
      const plateau = afterEpoch(phase.schedule, phase.learningRate, state.plateau, scores);
      state = { stop, plateau, step: at.step, halvings: state.halvings, ...watchLoss(state, loss, classes) };
      start = await beginning();
      if (stop.improved || best === null || epoch < config.warmUp || !config.restoreBest) {
        best = { epoch: epoch + 1, valLoss, valAccuracy, losses, weights: start.weights };
      }
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
          imagesPerSecond,
          dataWaitShare,
          best: best.epoch === epoch,
          etaSeconds: eta.after(epoch - firstEpoch, phase.epochs - firstEpoch),
        },
        best,
        async () => ({ ...state, optimizer: start.optimizer, middle: null }),
      );
    }
    return best!;
  } finally {
    if (best) upper.restore(best.weights);
    optimizer.dispose();
  }
}

const freshState: PhaseState = {
  step: 0,
  stop: initialStop,
  plateau: initialPlateau,
  lowestLoss: Number.POSITIVE_INFINITY,
  divergingEpochs: 0,
  halvings: 0,
};
