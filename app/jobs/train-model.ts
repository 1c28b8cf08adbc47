/** One training run, host side: cut the patches, let the worker learn, give the result its passport. */
import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { defaultPatchRule } from '../core/patch-quality.ts';
import { createEta } from '../core/progress.ts';
import type { StartProcess } from '../core/worker-process.ts';
import type { EngineId } from '../engine/engine.ts';
import { removeTemporaries } from '../files/write-whole.ts';
import { writeModelFolder } from '../passports/model-folder.ts';
import type { Passport, PassportDraft } from '../passports/passport.ts';
import type { SlidePool } from '../slides/slide-pool.ts';
import type { BackboneLibrary, BackboneSource } from '../weights/backbone-library.ts';
import { cutPatchStore, decodeCalls, decodePictureStore } from './cut-store.ts';
import { assertNoDuplicatePictures } from './duplicate-check.ts';
import type {
  DivergingChoice,
  JobSpec,
  PatchStoreRef,
  RungOutcome,
  RungsSpec,
  TrainOutcome,
  TrainSpec,
} from './job-spec.ts';
import { learnWithRetries } from './learn-with-retries.ts';
import type { Emit } from './live-runs.ts';
import type { TrainPlan } from './train-plan.ts';
import { startWorkerRun } from './worker-run.ts';

export interface TrainingDeps {
  readonly pool: SlidePool;
  readonly startProcess: StartProcess;
  readonly backbones: BackboneLibrary;
  readonly appVersion: string;
  /** Cores that the job may use; the decode processes are idle by then. */
  readonly threads: number;
}

interface LearningRequest {
  readonly runFolder: string;
  readonly plan: TrainPlan;
  readonly engine: EngineId | null;
  /** As in the job's spec. */
  readonly diverging?: DivergingChoice;
  /** Aborted when the run is to stop in a way that loses nothing. */
  readonly pause?: AbortSignal;
}

export interface TrainingRequest extends LearningRequest {
  /** The folder that appears when the model is finished. */
  readonly modelFolder: string;
  readonly modelId: string;
  readonly modelName: string;
}

/**
 * Trains and saves; a cancel or a failure leaves no model, but the run's folder with its checkpoints stays: called again with
 * the same plan, it goes on. Throws `weights/not-at-hand`, `split/duplicate`, and what the decode processes and the worker throw.
 */
export async function trainModel(
  deps: TrainingDeps,
  request: TrainingRequest,
  emit: Emit,
  signal: AbortSignal,
): Promise<{ passport: Passport; outcome: TrainOutcome }> {
  return await onCutPatches(
    deps,
    request,
    (training) => training,
    emit,
    signal,
    async (outcome) => {
      const saved = path.join(request.runFolder, 'model');
      const passport = await writeModelFolder({
        from: saved,
        to: request.modelFolder,
        passport: passportFor(deps, request, outcome!),
        files: outcome!.files,
      });
      await rm(saved, { recursive: true, force: true });
      return { passport, outcome: outcome! };
    },
  );
}

/**
 * The learning-rate range test of each phase of a plan's recipe: `rates` events, and nothing on disk afterwards.
 * Throws as `trainModel`.
 */
export async function findRate(
  deps: TrainingDeps,
  request: LearningRequest,
  emit: Emit,
  signal: AbortSignal,
): Promise<void> {
  const jobOf = (training: TrainSpec): JobSpec => ({ ...training, kind: 'find-rate' });
  await onCutPatches(deps, request, jobOf, emit, signal, async () => undefined);
}

/**
 * Makes finished networks of rungs of a training (training/save-rungs.ts); their files lie in the run's folder afterwards.
 * Throws as `trainModel`, and `rung/...`.
 */
export async function makeRungs(
  deps: TrainingDeps,
  request: LearningRequest,
  asked: Omit<RungsSpec, 'kind' | 'training'>,
  emit: Emit,
  signal: AbortSignal,
): Promise<readonly RungOutcome[]> {
  const jobOf = (training: TrainSpec): JobSpec => ({ ...asked, kind: 'rungs', training });
  let made: readonly RungOutcome[] = [];
  const hear: Hear = (message) => {
    if (message.type === 'rungs') made = message.outcomes;
  };
  return await onCutPatches(deps, request, jobOf, emit, signal, async () => made, hear);
}

/** Gets what the worker says besides its events. */
type Hear = (message: Exclude<Parameters<Parameters<typeof startWorkerRun>[2]>[0], { type: 'event' }>) => void;

/** Cuts the patches, lets the worker learn, and takes the patches away when `finish` is through. */
async function onCutPatches<T>(
  deps: TrainingDeps,
  request: LearningRequest,
  jobOf: (training: TrainSpec) => JobSpec,
  emit: Emit,
  signal: AbortSignal,
  finish: (outcome: TrainOutcome | null) => Promise<T>,
  hear: Hear = () => undefined,
): Promise<T> {
  const { plan, runFolder, pause } = request;
  // Before anything is cut: without weights there is no run.
  const backbone = deps.backbones.source(plan.recipe.backbone, { ownHead: plan.recipe.head.kind === 'keep' });
  emit({ type: 'plan', summary: plan.summary });
  await mkdir(runFolder, { recursive: true });
  // A process that was killed in the middle of a checkpoint has left half of one.
  await removeTemporaries(path.join(runFolder, 'checkpoints'));
  const store: PatchStoreRef = {
    file: path.join(runFolder, 'patches.raw'),
    count: plan.patches.length,
    sizePx: plan.recipe.input.sizePx,
    contextPx: plan.contextPx,
  };
  try {
    await fillStore(deps.pool, store, plan, emit, pause ? AbortSignal.any([signal, pause]) : signal);
    await assertNoDuplicatePictures(store, plan.patches);
    // Each attempt in a process of its own: an engine that ran out of memory cannot be trusted with another.
    const learn = (spec: TrainSpec): Promise<TrainOutcome | null> =>
      startWorkerRun(
        deps.startProcess,
        jobOf(spec),
        (message) => {
          if (message.type === 'event') emit(message.event);
          else hear(message);
        },
        signal,
        pause,
      ).ended;
    const spec = specFor(deps, request, store, backbone);
    return await finish(await learnWithRetries(spec, learn, emit));
  } finally {
    await rm(store.file, { force: true });
    await rm(path.join(runFolder, 'cache'), { recursive: true, force: true });
  }
}

/** Cuts or decodes the patches of a plan into `store`. */
export async function fillStore(
  pool: SlidePool,
  store: PatchStoreRef,
  plan: TrainPlan,
  emit: Emit,
  signal: AbortSignal,
): Promise<void> {
  const eta = createEta();
  const onProgress = (done: number, total: number): void =>
    emit({ type: 'progress', stage: 'Cut patches', done, total, unit: 'patches', etaSeconds: eta.after(done, total) });
  if (plan.pixels.kind === 'slides')
    tellFocus(await cutPatchStore(pool, store, plan.pixels.slides, decodeCalls, onProgress, signal), plan, emit);
  else await decodePictureStore(pool, store, plan.pixels, decodeCalls, onProgress, signal);
}

/** A sentence for the run's record, where patches that are out of focus are learned from. */
function tellFocus(focus: Float32Array, { selection }: TrainPlan, emit: Emit): void {
  const { minFocus } = selection?.rule ?? defaultPatchRule;
  const blurred = focus.filter((score) => score < minFocus).length;
  if (blurred === 0) return;
  const text = `${blurred} of ${focus.length} patches are out of focus (score below ${minFocus}).`;
  emit({ type: 'note', level: 'warning', text });
}

function specFor(
  deps: TrainingDeps,
  { runFolder, plan, engine, diverging }: LearningRequest,
  store: PatchStoreRef,
  backbone: BackboneSource,
): TrainSpec {
  return {
    kind: 'train',
    runFolder,
    recipe: plan.recipe,
    backbone,
    classes: plan.classes,
    patches: plan.patches,
    store,
    mpp: plan.mpp,
    engine,
    threads: deps.threads,
    patientsKnown: plan.patientsKnown,
    appVersion: deps.appVersion,
    planHash: hashWithWeights(plan.planHash, backbone),
    ...(diverging && { diverging }),
  };
}

/** A checkpoint holds what has learned, so it goes on only above the same frozen weights. */
function hashWithWeights(planHash: string, { sha256 }: BackboneSource): string {
  return sha256 === null ? planHash : createHash('sha256').update(`${planHash} ${sha256}`).digest('hex');
}

/** What the passport of a plan's model says. */
export function passportFor(
  deps: Pick<TrainingDeps, 'appVersion'>,
  { modelId, modelName, plan }: Pick<TrainingRequest, 'modelId' | 'modelName' | 'plan'>,
  outcome: TrainOutcome,
): PassportDraft {
  const { summary } = plan;
  const { known, ...patients } = summary.patients;
  return {
    id: modelId,
    name: modelName,
    createdAt: new Date().toISOString(),
    classes: [...plan.classes],
    sizePx: plan.recipe.input.sizePx,
    mpp: plan.mpp,
    stains: [...plan.stains],
    learnsGlass: plan.learnsGlass,
    preprocessing: {
      channels: outcome.preprocessing.channels,
      mean: [...outcome.preprocessing.mean],
      scale: [...outcome.preprocessing.scale],
    },
    backbone: outcome.backbone,
    attach: outcome.attach,
    best: { phase: outcome.bestPhase, epoch: outcome.bestEpoch },
    rung: { name: outcome.bestPhase, chosen: 'by validation' },
    recipe: plan.recipe,
    seed: plan.recipe.seed,
    split: {
      hash: plan.planHash,
      patientsKnown: known,
      patients,
      classes: summary.classes.map(({ patientsOf: _, ...one }) => one),
      slides: summary.slides,
    },
    selection: asMutable(plan.selection),
    metrics: { validation: asMutable(outcome.validation), test: asMutable(outcome.test) },
    engine: outcome.engine,
    versions: { eosin: deps.appVersion, node: process.versions.node },
    parity: outcome.parity,
  };
}

/** The schema's inferred type is mutable; this is a copy of its own. */
function asMutable<T>(value: T): Mutable<T> {
  return structuredClone(value) as Mutable<T>;
}
type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };
