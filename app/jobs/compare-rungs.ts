/**
 * One slide through all rungs of a training: colour alone, linear probe, and each phase.
 *
 *     rungs without a network yet: cut the run's patches, make and judge them (once a run)
 *     slide -> each patch cut once -> all networks -> a heat map a rung, kept in the run's folder
 */
import path from 'node:path';
import type { RunView } from '../core/project.ts';
import type { Mpp } from '../core/pyramid.ts';
import { probeRung } from '../core/rung.ts';
import type { TissueChoice } from '../core/tissue-map.ts';
import { readHeatmapFile } from '../overlay/heatmap-file.ts';
import type { Project } from '../project.ts';
import { rungFolder } from '../training/rung-files.ts';
import { dropLayers, endedTraining } from './choose-rung.ts';
import { tissueInName } from './heatmap-name.ts';
import type { LiveRuns } from './live-runs.ts';
import { type ModelLook, type PredictedNetwork, predictByAll } from './predict-slide.ts';
import type { RunDeps } from './run-deps.ts';
import { findRung, rungModelId, rungNetwork, rungOrders, rungRows, storeJudged } from './rung-rows.ts';
import { readStoredPlan } from './stored-plan.ts';
import { makeRungs } from './train-model.ts';
import type { TrainPlan } from './train-plan.ts';

/** What a comparison was started with; stored as its spec. */
export interface RungComparison {
  readonly trainingId: string;
  readonly slideId: string;
  readonly tissue: TissueChoice;
  readonly mpp: Mpp | null;
  /** In their order: colour, probe, phases. */
  readonly rungs: readonly string[];
}

/** The spec of a comparison's run; null for another kind of run. */
export function comparisonOf(project: Project, runId: string): RungComparison | null {
  const { id, kind } = project.runs.get(runId);
  return kind === 'compare-rungs' ? (project.runs.spec(id) as RungComparison) : null;
}

/** Puts a comparison in line. Throws `run/unknown`, `slide/unknown`, `rung/unknown`, `rung/training-goes-on`. */
export function startRungComparison(
  project: Project,
  live: LiveRuns,
  deps: RunDeps,
  { trainingId, slideId }: Pick<RungComparison, 'trainingId' | 'slideId'>,
): RunView {
  endedTraining(project, trainingId);
  const slide = project.slides.get(slideId);
  const rows = rungRows(project, trainingId);
  findRung(rows, probeRung);
  const { tissue, mpp } = slide;
  const spec: RungComparison = { trainingId, slideId, tissue, mpp, rungs: rows.map(({ id }) => id) };
  const run = project.runs.create({ kind: 'compare-rungs', title: `Rungs on ${slide.name}`, spec, slideId });
  live.start(run.id, async (emit, signal) => {
    const runFolder = path.join(project.folders.runs, trainingId);
    const plan = await readStoredPlan(project, runFolder);
    if (rows.some(({ id }) => rungNetwork(runFolder, id) === null)) {
      const asked = { ...rungOrders(rows, spec.rungs), withColour: true, withTest: false };
      const outcomes = await makeRungs(deps, { runFolder, plan, engine: null }, asked, emit, signal);
      for (const { id } of outcomes) await dropLayers(runFolder, id);
      await storeJudged(runFolder, outcomes);
    }
    const networks = spec.rungs.map((id): PredictedNetwork => {
      const { file, sha256 } = rungNetwork(runFolder, id)!;
      return {
        modelId: rungModelId(trainingId, id),
        onnxFile: file,
        onnxSha256: sha256,
        heatmapFile: rungHeatmapFile(project, spec, id)!,
      };
    });
    const missing: PredictedNetwork[] = [];
    for (const network of networks) {
      if (!(await isWhole(network.heatmapFile))) missing.push(network);
    }
    const result = { training: trainingId, rungs: spec.rungs };
    if (missing.length === 0) return { ...result, patches: 0, seconds: 0 };
    const { patches, seconds } = await predictByAll(
      deps,
      {
        slide: {
          id: slideId,
          path: project.slides.resolvePath(slideId),
          info: project.slides.info(slideId),
          mpp,
          stain: slide.stain,
          tissue,
        },
        passport: lookOf(plan),
        networks: missing,
        stride: null,
        threads: deps.threads,
      },
      emit,
      signal,
    );
    return { ...result, patches, seconds };
  });
  return run;
}

/** Where the heat map of a rung on a slide grows: a later comparison finds it. Null where the rung is no network yet. */
export function rungHeatmapFile(project: Project, comparison: RungComparison, id: string): string | null {
  const { trainingId, slideId, tissue, mpp } = comparison;
  const runFolder = path.join(project.folders.runs, trainingId);
  const network = rungNetwork(runFolder, id);
  if (!network) return null;
  const choices = [network.sha256.slice(0, 8), ...(mpp === null ? [] : [`${mpp.x}x${mpp.y}`]), ...tissueInName(tissue)];
  return path.join(runFolder, rungFolder(id), `${slideId}.${choices.join('.')}.heatmap`);
}

async function isWhole(file: string): Promise<boolean> {
  const map = await readHeatmapFile(file).catch(() => null);
  return map !== null && map.rowsDone >= map.header.grid.rows;
}

function lookOf({ recipe, classes, mpp, stains, learnsGlass }: TrainPlan): ModelLook {
  const { name, input } = recipe;
  return { name, classes: [...classes], sizePx: input.sizePx, mpp, stains: [...stains], learnsGlass, recipe };
}
