/**
 * Phases and rungs: from the head downwards, each kept only where it helped.
 *
 *     head -> fine-tune -> (rung 1 -> rung 2 -> ...)
 *             |            one layer group more each, opened when the validation loss of the rung above stopped falling
 *             kept where the validation loss fell; undone otherwise. Every one stays on disk.
 */
import type * as tf from '@tensorflow/tfjs';
import { createEta } from '../core/progress.ts';
import type { Phase, Recipe } from '../core/recipe.ts';
import type { JobEvent } from '../core/run.ts';
import { upperNetwork } from '../networks/split-network.ts';
import { type Activations, boundaryFor, type CacheRequest, cacheBytes, fillCaches } from './activation-cache.ts';
import { type CheckpointOrigin, encodeCheckpoint } from './checkpoint.ts';
import { type FitBest, fit } from './fit.ts';
import { classWeightsFor } from './loss.ts';
import { microBatchFor } from './memory.ts';
import { pairedDifference } from './paired-difference.ts';
import type { ArtifactSink } from './ports.ts';
import { isLinearHead, startHead } from './start-head.ts';
import type { TrainingData } from './training-data.ts';

export interface PhasesRequest {
  readonly engine: typeof tf;
  readonly cache: CacheRequest;
  readonly data: TrainingData;
  readonly recipe: Recipe;
  readonly sink: ArtifactSink;
  /** What every checkpoint says of itself. */
  readonly origin: Pick<CheckpointOrigin, 'planHash' | 'appVersion' | 'engine' | 'attach'>;
  readonly emit: (event: JobEvent) => void;
  readonly breathe: () => Promise<void>;
}

/** The phase and epoch whose weights the network has at the end. */
export interface PhasesResult {
  readonly phase: string;
  readonly epoch: number;
  readonly valLoss: number;
  readonly valAccuracy: number;
}

/** A phase as it is run; `strict` ones need more than one standard error to be kept. */
interface Step {
  readonly phase: Phase;
  readonly strict: boolean;
}

/** A ladder ends when this many rungs in a row had to be undone. */
const undoneInARow = 2;

interface Kept extends FitBest {
  readonly phase: string;
}

/** Runs every phase and rung on the network of `request.cache`; leaves the weights of the last kept one in it. */
export async function runPhases(request: PhasesRequest): Promise<PhasesResult> {
  const { recipe } = request;
  const phases = recipe.phases.map((phase): Step => ({ phase, strict: false }));
  const rungs = rungsOf(
    recipe,
    request.cache.network.groups.map(({ name }) => name),
  );
  const count = phases.length + rungs.length;
  const pool = createPool(request, recipe.phases);
  let kept: Kept | null = null;
  let undone = 0;
  try {
    for (const [index, step] of [...phases, ...rungs].entries()) {
      const next: Kept = await runStep(request, pool, step, index, count, kept);
      if (next !== kept) await pool.dropAbove(step.phase.unfreeze);
      undone = next === kept ? undone + 1 : 0;
      kept = next;
      if (step.strict && undone >= undoneInARow && index < count - 1) {
        note(request, `${undoneInARow} layer groups in a row did not help; those further down stay frozen.`);
        break;
      }
    }
  } finally {
    await pool.close();
  }
  const { phase, epoch, valLoss, valAccuracy } = kept!;
  return { phase, epoch, valLoss, valAccuracy };
}

/** The rungs that the recipe's ladder stands for. */
function rungsOf({ ladder }: Recipe, groups: readonly string[]): Step[] {
  if (!ladder) return [];
  return Array.from({ length: Math.min(ladder.groups, groups.length) }, (_, k): Step => {
    const phase: Phase = {
      name: `rung-${k + 1}-${groups.at(-1 - k)}`,
      unfreeze: k + 1,
      epochs: ladder.epochs,
      learningRate: ladder.learningRate * ladder.rateDecay ** k,
      schedule: { kind: 'constant', warmUpSteps: 0 },
      layerDecay: 1,
      stop: { monitor: 'val-loss', minDelta: 0, patience: ladder.patience, warmUp: 0 },
    };
    return { phase, strict: true };
  });
}

/** Trains one phase, judges it, and undoes it where it did not help. Gives what is kept afterwards. */
async function runStep(
  request: PhasesRequest,
  pool: ActivationPool,
  { phase, strict }: Step,
  phaseIndex: number,
  count: number,
  before: Kept | null,
): Promise<Kept> {
  const { engine, cache, data, recipe, sink, emit, breathe } = request;
  const boundary = boundaryFor(cache, phase.unfreeze);
  const upper = upperNetwork(engine, cache.network, boundary.group);
  const learning = cache.network.groups.slice(Math.max(0, cache.network.groups.length - phase.unfreeze));
  const { train, validation } = await pool.at(phase.unfreeze);
  emit({
    type: 'phase',
    name: phase.name,
    index: phaseIndex,
    count,
    groups: ['head', ...learning.map(({ name }) => name).reverse()],
    learningRate: phase.learningRate,
    epochs: phase.epochs,
  });
  if (before === null && phase.unfreeze === 0 && isLinearHead(cache.network, train)) {
    await startHead(cache.network, upper, train, data, recipe.seed, breathe);
  }
  const undo = await upper.snapshot();
  const originOf = (epoch: number, { valLoss, valAccuracy }: FitBest): CheckpointOrigin => ({
    ...request.origin,
    phase: phase.name,
    phaseIndex,
    epoch,
    valLoss,
    valAccuracy,
  });
  const classWeights = classWeightsFor(
    recipe,
    data.train.map(({ classIndex }) => classIndex),
    data.classNames.length,
  );
  const best = await fit(
    {
      engine,
      upper,
      phase,
      phaseIndex,
      recipe,
      classWeights,
      train,
      validation,
      microBatch: microBatchFor(cache.network, phase.unfreeze, recipe.batchSize),
      resume: null,
    },
    {
      async onEpoch(event, best, state) {
        if (event.best) {
          const origin = originOf(best.epoch, best);
          await sink.put(bestFile(phase), await encodeCheckpoint({ origin, weights: best.weights, state: null }));
        }
        const origin = originOf(event.epoch, best);
        const last = { origin, weights: await upper.snapshot(), state: await state() };
        await sink.put('checkpoints/last.ckpt', await encodeCheckpoint(last));
        emit(event);
      },
      onNote: (text) => emit({ type: 'note', level: 'warning', text }),
      breathe,
    },
  );
  const weights = { origin: originOf(best.epoch, best), weights: best.weights, state: null };
  await sink.put(`rungs/${phaseIndex}-${phase.name}.ckpt`, await encodeCheckpoint(weights));
  if (before === null) return { ...best, phase: phase.name };
  const verdict = judge(best, before, data, strict);
  emit({
    type: 'rung',
    phase: phase.name,
    kept: verdict.kept,
    reason: verdict.reason,
    valLoss: best.valLoss,
    valAccuracy: best.valAccuracy,
  });
  if (verdict.kept) return { ...best, phase: phase.name };
  upper.restore(undo);
  return before;
}

/** Did validation loss fall: at all for a phase of the recipe, by more than one standard error for a rung. */
function judge(best: FitBest, before: Kept, data: TrainingData, strict: boolean): { kept: boolean; reason: string } {
  const patients = data.validation.map(({ patient, index }) => (data.patientsKnown ? patient : String(index)));
  const fall = pairedDifference(before.losses, best.losses, patients);
  const kept = fall.mean > (strict ? fall.standardError : 0);
  const change = `validation loss ${before.valLoss.toFixed(4)} -> ${best.valLoss.toFixed(4)}`;
  const error = `standard error of the difference ${fall.standardError.toFixed(4)} over ${fall.unit === 'patient' ? 'patients' : 'patches'}`;
  return { kept, reason: `${change}, ${error}: ${kept ? 'kept' : 'undone'}` };
}

function bestFile(phase: Phase): string {
  return `checkpoints/best-${phase.name}.ckpt`;
}

/** Caches by boundary: those of the recipe's phases are filled together, those of rungs one by one. */
interface ActivationPool {
  at(unfreeze: number): Promise<{ readonly train: Activations; readonly validation: Activations }>;
  /** Forgets what lies above a boundary where fewer groups learn: those activations have changed. */
  dropAbove(unfreeze: number): Promise<void>;
  close(): Promise<void>;
}

interface Filled {
  readonly train: Activations;
  readonly validation: Activations;
}

function createPool(request: PhasesRequest, phases: readonly Phase[]): ActivationPool {
  const { cache, data, recipe, breathe } = request;
  const filled = new Map<number, Filled>();
  const views = recipe.augment === null ? 1 : recipe.views;

  async function fill(depths: readonly number[]): Promise<void> {
    const boundaries = depths.map((unfreeze) => boundaryFor(cache, unfreeze));
    const pictures = data.train.length * views;
    const bytes = cacheBytes(data.train.length, views, boundaries) + cacheBytes(data.validation.length, 1, boundaries);
    note(request, `Activation cache: ${(bytes / 1e6).toFixed(0)} MB for ${views} views of each training patch.`);
    const progress = progressOf(request, 'activations', pictures + data.validation.length);
    const train = await fillCaches(cache, 'train', data.train, views, boundaries, progress, breathe);
    const after = (done: number): void => progress(pictures + done);
    const validation = await fillCaches(cache, 'validation', data.validation, 1, boundaries, after, breathe);
    for (const [b, unfreeze] of depths.entries())
      filled.set(unfreeze, { train: train[b]!, validation: validation[b]! });
  }

  async function drop(depths: readonly number[]): Promise<void> {
    for (const depth of depths) {
      const { train, validation } = filled.get(depth)!;
      filled.delete(depth);
      await train.close();
      await validation.close();
    }
  }

  return {
    async at(unfreeze) {
      if (!filled.has(unfreeze)) {
        const first = filled.size === 0 && phases.some((phase) => phase.unfreeze === unfreeze);
        await drop([...filled.keys()]);
        await fill([...new Set([unfreeze, ...(first ? phases.map((phase) => phase.unfreeze) : [])])]);
      }
      return filled.get(unfreeze)!;
    },
    dropAbove: (unfreeze) => drop([...filled.keys()].filter((depth) => depth < unfreeze)),
    close: () => drop([...filled.keys()]),
  };
}

function progressOf({ emit }: PhasesRequest, stage: string, total: number): (done: number) => void {
  const eta = createEta();
  return (done) => emit({ type: 'progress', stage, done, total, unit: 'pictures', etaSeconds: eta.after(done, total) });
}

function note({ emit }: PhasesRequest, text: string): void {
  emit({ type: 'note', level: 'info', text });
}
