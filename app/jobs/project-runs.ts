/** Runs of a project: training and prediction, recorded from the first event to the result. */
import path from 'node:path';
import { EosinError } from '../core/errors.ts';
import { defaultPatchRule, type PatchRule } from '../core/patch-quality.ts';
import type { RunView } from '../core/project.ts';
import type { Recipe } from '../core/recipe.ts';
import type { DivergingAnswer } from '../core/run.ts';
import { automaticTissue, type TissueChoice } from '../core/tissue-map.ts';
import type { EngineId } from '../engine/engine.ts';
import { type PredictionFiles, writePredictionOutputs } from '../overlay/outputs/write-outputs.ts';
import { summarize } from '../overlay/summary.ts';
import { openModelFolder } from '../passports/model-folder.ts';
import type { Project } from '../project.ts';
import { foldSpread, trainFolds } from './cross-validate.ts';
import { addModel, writeReport } from './finished-model.ts';
import { tissueInName } from './heatmap-name.ts';
import type { Emit, LiveRuns } from './live-runs.ts';
import { planPooled, planProject } from './plan-project.ts';
import { predictSlide } from './predict-slide.ts';
import type { RunDeps } from './run-deps.ts';
import { storePlan } from './stored-plan.ts';
import { trainModel } from './train-model.ts';

/** What a person chose for a training run; stored as the run's spec. */
interface TrainingChoice {
  readonly recipe: Recipe;
  readonly engine: EngineId | null;
  /** Absent in runs from before patches were judged. */
  readonly rule?: PatchRule | undefined;
  /** Cross-validation in so many folds by patient, which adds no model to the project; absent or null: one training. */
  readonly folds?: number | null | undefined;
}

/** A training run's stored spec. */
export function trainingChoiceOf(spec: unknown): TrainingChoice {
  return spec as TrainingChoice;
}

/** Puts a training run in line; when it is done, the project has its model and the run's folder a report. */
export function startTraining(project: Project, live: LiveRuns, deps: RunDeps, request: TrainingChoice): RunView {
  const title = `${request.folds ? 'Cross-validate' : 'Train with'} ${request.recipe.name}`;
  const run = project.runs.create({ kind: 'train', title, spec: request });
  learn(project, live, deps, run.id, request);
  return run;
}

/**
 * Puts a training run that was paused, cancelled or failed in line again; it goes on from its last checkpoint, or begins anew
 * where labels or split have changed since. Throws `run/unknown`, and `run/no-resume` for any other run.
 *
 * @param answer to the question that the run was paused with.
 */
export function resumeTraining(
  project: Project,
  live: LiveRuns,
  deps: RunDeps,
  runId: string,
  answer: DivergingAnswer | null = null,
): RunView {
  const { kind, state } = project.runs.get(runId);
  if (kind !== 'train' || (state !== 'cancelled' && state !== 'failed')) {
    throw new EosinError('run/no-resume', 'conflict', 'Only a training run that was cancelled or failed can go on.', {
      remedy: 'Start a new run.',
      fields: { kind, state },
    });
  }
  const run = project.runs.setState(runId, 'queued');
  learn(project, live, deps, runId, trainingChoiceOf(project.runs.spec(runId)), answer);
  return run;
}

function learn(
  project: Project,
  live: LiveRuns,
  deps: RunDeps,
  runId: string,
  choice: TrainingChoice,
  answer: DivergingAnswer | null = null,
): void {
  const { recipe, engine, rule = defaultPatchRule } = choice;
  live.start(runId, async (emit, signal, pause) => {
    const stop = AbortSignal.any([signal, pause]);
    if (choice.folds) return await learnInFolds(project, deps, runId, { ...choice, folds: choice.folds }, emit, stop);
    const plan = await planProject(project, deps, recipe, stop, { rule });
    const runFolder = path.join(project.folders.runs, runId);
    await storePlan(runFolder, plan);
    const modelName = `${project.name} · ${recipe.name}`;
    const modelFolder = path.join(project.folders.models, runId);
    const { passport, outcome } = await trainModel(
      deps,
      { runFolder, modelFolder, modelId: runId, modelName, plan, engine, pause, diverging: { answer, ask: true } },
      emit,
      signal,
    );
    await writeReport(project, runId, passport, project.runs.events(runId), plan);
    const { validation, test } = outcome;
    addModel(project, runId, passport, outcome);
    return { model: runId, attach: outcome.attach, validation, test };
  });
}

/** Mean and spread over folds by patient. The folds' models stay in the run's folder: each has seen only a part of the patients. */
async function learnInFolds(
  project: Project,
  deps: RunDeps,
  runId: string,
  { recipe, engine, rule = defaultPatchRule, folds }: TrainingChoice & { readonly folds: number },
  emit: Emit,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const plan = await planPooled(project, deps, recipe, folds, signal, { rule });
  const runFolder = path.join(project.folders.runs, runId);
  const request = { runFolder, plan, engine, modelId: runId, modelName: `${project.name} · ${recipe.name}` };
  const onFold = (fold: number, count: number): void =>
    emit({ type: 'note', level: 'info', text: `Fold ${fold} of ${count}` });
  const results = await trainFolds(deps, request, folds, onFold, emit, signal);
  return { folds: results.map(({ fold, attach, test }) => ({ fold, attach, test })), ...foldSpread(results) };
}

/** Where the heat map of a model on a slide grows, whatever run started it: a later run goes on. */
export function heatmapFileOf(
  project: Project,
  prediction: { modelId: string; slideId: string; stride: number | null; tissue?: TissueChoice | undefined },
): string {
  const { modelId, slideId, stride, tissue = automaticTissue } = prediction;
  const choices = [stride ?? 'side-by-side', ...tissueInName(tissue)];
  return path.join(project.folders.heatmaps, `${slideId}.${modelId}.${choices.join('.')}.heatmap`);
}

/** Puts a prediction in line; its result names the five files that lie in the run's folder at the end. Throws `model/unknown`, `slide/unknown`. */
export function startPrediction(
  project: Project,
  live: LiveRuns,
  deps: RunDeps,
  request: { readonly modelId: string; readonly slideId: string; readonly stride: number | null },
): RunView {
  const { modelId, slideId, stride } = request;
  const slide = project.slides.get(slideId);
  project.models.get(modelId);
  const { tissue } = slide;
  const spec = { ...request, tissue };
  const run = project.runs.create({ kind: 'predict', title: `Predict ${slide.name}`, spec, modelId, slideId });
  live.start(run.id, async (emit, signal) => {
    const model = await openModelFolder(path.join(project.folders.models, modelId));
    const slidePath = project.slides.resolvePath(slideId);
    const info = project.slides.info(slideId);
    const { heatmap, patches, seconds, warnings, penOf } = await predictSlide(
      deps,
      {
        slide: { id: slideId, path: slidePath, info, mpp: slide.mpp, stain: slide.stain, tissue },
        model,
        stride,
        heatmapFile: heatmapFileOf(project, spec),
        threads: deps.threads,
      },
      emit,
      signal,
    );
    const { passport } = model;
    const files = await writePredictionOutputs({
      folder: path.join(project.folders.runs, run.id),
      name: slide.name,
      heatmap,
      penOf,
      runId: run.id,
      passport,
      slideInfo: info,
      projectClasses: project.classes.list(),
      thumbnailJpeg: await deps.pool.thumbnail(project.slides.source(slideId), 1024, signal),
      settings: { stride, warnings },
      versions: { eosin: deps.appVersion },
    });
    return { patches, seconds, summary: summarize(heatmap, run.id), files: bareNames(files) };
  });
  return run;
}

/** A run's result names no folder: the files are asked for by run and name. */
function bareNames({ heatmap, preview, csv, geojson, json }: PredictionFiles): PredictionFiles {
  const name = (file: string): string => path.basename(file);
  return {
    heatmap: name(heatmap),
    preview: name(preview),
    csv: name(csv),
    geojson: name(geojson),
    json: name(json),
  };
}
