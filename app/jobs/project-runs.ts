/** Runs of a project: training and prediction, recorded from the first event to the result. */
import path from 'node:path';
import type { RunView } from '../core/project.ts';
import type { Recipe } from '../core/recipe.ts';
import type { JobEvent } from '../core/run.ts';
import type { EngineId } from '../engine/engine.ts';
import { renderReport } from '../evaluation/report-html.ts';
import { writeWhole } from '../files/write-whole.ts';
import { writePredictionOutputs } from '../overlay/outputs/write-outputs.ts';
import { summarize } from '../overlay/summary.ts';
import { openModelFolder } from '../passports/model-folder.ts';
import type { Project } from '../project.ts';
import type { LiveRuns } from './live-runs.ts';
import { planProject } from './plan-project.ts';
import { predictSlide } from './predict-slide.ts';
import type { RunDeps } from './run-deps.ts';
import { trainModel } from './train-model.ts';

/** Puts a training run in line. */
export function startTraining(
  project: Project,
  live: LiveRuns,
  deps: RunDeps,
  request: { readonly recipe: Recipe; readonly engine: EngineId | null },
): RunView {
  const { recipe, engine } = request;
  const run = project.runs.create({ kind: 'train', title: `Train with ${recipe.name}`, spec: request });
  live.start(run.id, async (emit, signal) => {
    const plan = await planProject(project, deps.pool, recipe, signal);
    const runFolder = path.join(project.folders.runs, run.id);
    const events: JobEvent[] = [];
    const modelId = run.id;
    const modelName = `${project.name} · ${recipe.name}`;
    const { passport, outcome } = await trainModel(
      deps,
      {
        runId: run.id,
        runFolder,
        modelFolder: path.join(project.folders.models, modelId),
        modelId,
        modelName,
        plan,
        engine,
      },
      (event) => {
        if (event.type !== 'progress') events.push(event);
        emit(event);
      },
      signal,
    );
    await writeWhole(
      path.join(runFolder, 'report.html'),
      renderReport({ passport, events, plan: plan.summary, projectName: project.name }),
    );
    project.models.add({
      id: modelId,
      name: modelName,
      runId: run.id,
      classes: passport.classes.map(({ name }) => name),
      sizePx: passport.sizePx,
      mpp: passport.mpp,
      validation: outcome.validation,
      test: outcome.test,
    });
    project.runs.setModel(run.id, modelId);
    return { model: modelId, attach: outcome.attach, validation: outcome.validation, test: outcome.test };
  });
  return run;
}

/** Where the heat map of a model on a slide grows, whatever run started it: a later run goes on. */
export function heatmapFileOf(
  project: Project,
  prediction: { modelId: string; slideId: string; stride: number | null },
): string {
  const { modelId, slideId, stride } = prediction;
  return path.join(project.folders.heatmaps, `${slideId}.${modelId}.${stride ?? 'side-by-side'}.heatmap`);
}

/** Puts a prediction in line; the five output files lie in the run's folder at the end. Throws `model/unknown`, `slide/unknown`. */
export function startPrediction(
  project: Project,
  live: LiveRuns,
  deps: RunDeps,
  request: { readonly modelId: string; readonly slideId: string; readonly stride: number | null },
): RunView {
  const { modelId, slideId, stride } = request;
  const slide = project.slides.get(slideId);
  project.models.get(modelId);
  const run = project.runs.create({ kind: 'predict', title: `Predict ${slide.name}`, spec: request, modelId, slideId });
  live.start(run.id, async (emit, signal) => {
    const model = await openModelFolder(path.join(project.folders.models, modelId));
    const slidePath = project.slides.resolvePath(slideId);
    const info = project.slides.info(slideId);
    const { heatmap, patches, seconds } = await predictSlide(
      deps,
      {
        runId: run.id,
        slide: { id: slideId, path: slidePath, info, mpp: slide.mpp, stain: slide.stain },
        model,
        stride,
        heatmapFile: heatmapFileOf(project, request),
        threads: deps.threads,
      },
      emit,
      signal,
    );
    const { passport } = model;
    await writePredictionOutputs({
      folder: path.join(project.folders.runs, run.id),
      name: slide.name,
      heatmap,
      runId: run.id,
      passport,
      slideInfo: info,
      thumbnailJpeg: await deps.pool.thumbnail(slidePath, 1024, signal),
      settings: { stride },
      versions: { eosin: deps.appVersion },
    });
    return { patches, seconds, summary: summarize(heatmap, run.id) };
  });
  return run;
}
