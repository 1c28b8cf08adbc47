/**
 * Phases and rungs: from the head downwards, each kept only where it helped.
 *
 *     head -> fine-tune -> (rung 1 -> rung 2 -> ...)
 *             |            one layer group more each, opened when the validation loss of the rung above stopped falling
 *             kept where the validation loss fell; undone otherwise. Every one stays on disk.
 */
import type * as tf from '@tensorflow/tfjs';
import type { Recipe } from '../core/recipe.ts';
import type { JobEvent } from '../core/run.ts';
import { microBatchFor, trainingBytes } from '../core/training-memory.ts';
import { type UpperNetwork, upperNetwork } from '../networks/split-network.ts';
import { boundaryFor, type CacheRequest } from './activation-cache.ts';
import { type ActivationPool, createActivationPool, type PooledActivations } from './activation-pool.ts';
import { batchAdvice, memoryWords } from './batch-advice.ts';
import {
  type CheckpointOrigin,
  type EpochCheckpoint,
  encodeCheckpoint,
  type FitState,
  type KeptPhase,
} from './checkpoint.ts';
import { type CheckpointWriter, createCheckpointWriter } from './checkpoint-writer.ts';
import { dryStep } from './dry-step.ts';
import { type FitBest, type FitHooks, type FitRequest, fit } from './fit.ts';
import { classWeightsFor } from './loss.ts';
import { learningPartOf } from './memory.ts';
import { withPicturesAtOnce } from './out-of-memory.ts';
import type { ArtifactSink } from './ports.ts';
import { phaseFileName, rungFile } from './rung-files.ts';
import { isLinearHead, startHead } from './start-head.ts';
import { plannedDepths, type Step, stepsOf } from './steps.ts';
import { groupsOf, type TrainingData } from './training-data.ts';
import { judgePhase } from './verdict.ts';

export interface PhasesRequest {
  readonly engine: typeof tf;
  readonly cache: CacheRequest;
  readonly data: TrainingData;
  readonly recipe: Recipe;
  readonly sink: ArtifactSink;
  /** What every checkpoint says of itself. */
  readonly origin: Pick<CheckpointOrigin, 'planHash' | 'appVersion' | 'engine' | 'attach'>;
  /** Where an interrupted run goes on. */
  readonly resume: EpochCheckpoint | null;
  /** The longest stretch of training between two checkpoints. */
  readonly checkpointEveryMs: number;
  /** Pictures that may learn at once, where the engine had no room for more. */
  readonly mostAtOnce?: number | undefined;
  /** What comes of a loss that has run away; throws where somebody is to be asked. */
  readonly decide: FitHooks['onDiverging'];
  /** Aborted once the run is to stop where it is; a checkpoint is written then. */
  readonly pause?: AbortSignal | undefined;
  readonly emit: (event: JobEvent) => void;
  /** Throws once the run is to stop. */
  readonly breathe: () => Promise<void>;
}

/** What is known when a step begins. */
interface Standing {
  /** The phase whose weights the network has. */
  readonly kept: KeptPhase | null;
  /** The deepest number of groups that a kept phase has changed. */
  readonly reach: number;
  /** Steps in a row that were undone. */
  readonly undone: number;
}

/** A ladder ends when this many rungs in a row had to be undone. */
const undoneInARow = 2;

/** Runs every phase and rung on the network of `request.cache` and leaves the weights of the last kept one in it. */
export async function runPhases(request: PhasesRequest): Promise<KeptPhase> {
  const { recipe, resume, cache, sink, checkpointEveryMs, pause } = request;
  const groups = cache.network.groups.map(({ name }) => name);
  const steps = stepsOf(recipe, groups);
  const first = resume?.origin.phaseIndex ?? 0;
  const planned = plannedDepths(steps.slice(first));
  let standing: Standing = { kept: null, reach: 0, undone: 0 };
  if (resume) {
    upperAt(request, resume.reach).restore(resume.weights);
    standing = { kept: resume.before, reach: resume.reach, undone: resume.undone };
  }
  const writer = createCheckpointWriter(sink, checkpointEveryMs, resume?.serial ?? 0, pause);
  const pool = createActivationPool(request, planned);
  try {
    for (const step of steps.slice(first)) {
      standing = await runStep(request, pool, writer, step, steps.length, standing);
      if (step.strict && standing.undone >= undoneInARow && step.index < steps.length - 1) {
        const text = `${undoneInARow} layer groups in a row did not help; those further down stay frozen.`;
        request.emit({ type: 'note', level: 'info', text });
        break;
      }
    }
  } finally {
    await pool.close();
  }
  return standing.kept!;
}

/** Trains one phase, judges it, and undoes it where it did not help. */
async function runStep(
  request: PhasesRequest,
  pool: ActivationPool,
  writer: CheckpointWriter,
  step: Step,
  count: number,
  standing: Standing,
): Promise<Standing> {
  const { cache, data, recipe, sink, emit } = request;
  const { phase, index } = step;
  const upper = upperAt(request, phase.unfreeze);
  const activations = await pool.at(phase.unfreeze);
  const learning = cache.network.groups.slice(Math.max(0, cache.network.groups.length - phase.unfreeze));
  const groups = ['head', ...learning.map(({ name }) => name).reverse()];
  const { learningRate, epochs } = phase;
  const resume = request.resume?.origin.phaseIndex === index ? request.resume : null;
  emit({ type: 'phase', name: phase.name, index, count, groups, learningRate, epochs });
  const fitting = fitRequest(request, step, upper, activations, resume);
  const bytes = trainingBytes(learningPartOf(cache.network, phase.unfreeze), fitting.microBatch, request.origin.engine);
  for (const text of batchNotes(recipe, data, fitting.microBatch, bytes, index))
    emit({ type: 'note', level: 'info', text });

  if (!resume) await startFirstHead(request, step, upper, activations);
  const undo = resume?.undo ?? (await upper.snapshot());
  const hooks = fitHooks(request, writer, step, upper, undo, standing);
  const best = await tryAndFit(fitting, hooks);
  const result = { origin: originOf(request, step, best.epoch, best), weights: best.weights };
  await sink.put(rungFile(fileNameOf(step)), await encodeCheckpoint(result));

  const { epoch, valLoss, valAccuracy, losses } = best;
  const now: Standing = {
    kept: { phase: phase.name, epoch, valLoss, valAccuracy, losses },
    reach: Math.max(standing.reach, phase.unfreeze),
    undone: 0,
  };
  if (standing.kept === null) return now;
  const patients = groupsOf(data.validation, data);
  const verdict = judgePhase(standing.kept.losses, losses, patients, step.strict);
  emit({ type: 'rung', phase: phase.name, ...verdict, valLoss, valAccuracy });
  if (verdict.kept) {
    await pool.dropAbove(phase.unfreeze);
    return now;
  }
  upper.restore(undo);
  return { ...standing, undone: standing.undone + 1 };
}

/** Throws what a full memory throws with the pictures that were in it. */
async function tryAndFit(fitting: FitRequest, hooks: FitHooks): Promise<FitBest> {
  try {
    await dryStep(fitting);
    return await fit(fitting, hooks);
  } catch (thrown) {
    throw withPicturesAtOnce(thrown, fitting.microBatch);
  }
}

/** Advice on the batch size once, at the first phase; how it goes through memory at each. */
function batchNotes(
  recipe: Recipe,
  { train }: TrainingData,
  microBatch: number,
  bytes: number,
  index: number,
): string[] {
  const patches = Math.min(train.length, recipe.patchesPerEpoch ?? train.length);
  const advice = index === 0 ? batchAdvice(recipe, patches) : null;
  return [advice, memoryWords(recipe.batchSize, microBatch, bytes)].filter((text) => text !== null);
}

/** The head of a first phase that trains it alone starts at its linear probe, where the recipe says so. */
export async function startFirstHead(
  { cache: { network }, data, recipe, breathe }: PhasesRequest,
  { phase, index }: Step,
  upper: UpperNetwork,
  { train }: PooledActivations,
): Promise<void> {
  if (index > 0 || phase.unfreeze > 0 || recipe.head.start !== 'probe' || !isLinearHead(network, train)) return;
  await startHead(network, upper, train, data, recipe.seed, breathe);
}

export function fitRequest(
  { engine, cache, data, recipe, origin, mostAtOnce = Number.POSITIVE_INFINITY }: PhasesRequest,
  { phase, index, rateSetting }: Step,
  upper: UpperNetwork,
  { train, validation }: PooledActivations,
  resume: EpochCheckpoint | null,
): FitRequest {
  const classes = data.train.map(({ classIndex }) => classIndex);
  return {
    engine,
    upper,
    phase,
    phaseIndex: index,
    rateSetting,
    recipe,
    classWeights: classWeightsFor(recipe.loss, classes, data.classNames.length),
    train,
    validation,
    // A batch that normalises itself cannot go in pieces.
    microBatch:
      recipe.batchNorm === 'training'
        ? recipe.batchSize
        : Math.min(
            mostAtOnce,
            microBatchFor(learningPartOf(cache.network, phase.unfreeze), recipe.batchSize, origin.engine),
          ),
    resume: resume && { epoch: resume.origin.epoch, state: resume.state, best: resume.best },
  };
}

/** After each epoch: the best weights where they are new, and all that a resume needs; then the event. In mid-epoch now and then. */
function fitHooks(
  request: PhasesRequest,
  writer: CheckpointWriter,
  step: Step,
  upper: UpperNetwork,
  undo: EpochCheckpoint['undo'],
  { kept: before, reach: reached, undone }: Standing,
): FitHooks {
  const { sink, emit, decide, breathe } = request;
  const reach = Math.max(reached, step.phase.unfreeze);
  const whole = reach === step.phase.unfreeze ? upper : upperAt(request, reach);
  const save = async (epoch: number, scores: Scores, best: FitBest | null, state: FitState): Promise<void> => {
    const origin = originOf(request, step, epoch, scores);
    await writer.save({ origin, weights: await whole.snapshot(), reach, state, best, undo, before, undone });
  };
  return {
    async onEpoch(event, best, state) {
      if (event.best) {
        const checkpoint = { origin: originOf(request, step, best.epoch, best), weights: best.weights };
        await sink.put(`checkpoints/best-${fileNameOf(step)}.ckpt`, await encodeCheckpoint(checkpoint));
      }
      await save(event.epoch, event, best, await state());
      emit(event);
    },
    async onMiddle(epoch, best, state) {
      if (writer.due()) await save(epoch, best ?? noScores, best, await state());
    },
    onDiverging: decide,
    onNote: (text) => emit({ type: 'note', level: 'warning', text }),
    breathe,
  };
}

type Scores = Pick<FitBest, 'valLoss' | 'valAccuracy'>;
/** Of a phase without a whole epoch. */
const noScores: Scores = { valLoss: Number.POSITIVE_INFINITY, valAccuracy: 0 };

/** The part of the network that learns when the top `unfreeze` groups do. */
export function upperAt({ engine, cache, recipe }: PhasesRequest, unfreeze: number): UpperNetwork {
  return upperNetwork(engine, cache.network, boundaryFor(cache, unfreeze).group, recipe.batchNorm);
}

function fileNameOf({ phase, index }: Step): string {
  return phaseFileName(index, phase.name);
}

function originOf(
  { origin }: PhasesRequest,
  { phase, index }: Step,
  epoch: number,
  { valLoss, valAccuracy }: Scores,
): CheckpointOrigin {
  return { ...origin, phase: phase.name, phaseIndex: index, epoch, valLoss, valAccuracy };
}
