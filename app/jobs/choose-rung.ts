/** A rung that a person chose becomes a model of the project, judged like the one that validation chose. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { EosinError } from '../core/errors.ts';
import type { RunView } from '../core/project.ts';
import { writeModelFolder } from '../passports/model-folder.ts';
import type { Project } from '../project.ts';
import { rungFolder } from '../training/rung-files.ts';
import { addModel, writeReport } from './finished-model.ts';
import type { RungOutcome } from './job-spec.ts';
import type { LiveRuns } from './live-runs.ts';
import type { RunDeps } from './run-deps.ts';
import { engineOf, findRung, rungOrders, rungRows, storeJudged } from './rung-rows.ts';
import { readStoredPlan } from './stored-plan.ts';
import { makeRungs, passportFor } from './train-model.ts';

/**
 * Puts the making of a rung's model in line; when it is done the training's model is this one. Validation chose nothing here, but the
 * test part is looked at once more: that stands in the run's record and in the audit trail.
 * Throws `rung/unknown`, `rung/not-a-network`, `rung/training-goes-on`.
 */
export function startRungChoice(
  project: Project,
  live: LiveRuns,
  deps: RunDeps,
  request: { readonly trainingId: string; readonly rung: string },
): RunView {
  const { trainingId } = request;
  const training = endedTraining(project, trainingId);
  const rows = rungRows(project, trainingId);
  const row = findRung(rows, request.rung);
  if (!row.usable) {
    throw new EosinError('rung/not-a-network', 'usage', 'Colour alone is there to compare with; it makes no model.', {
      remedy: 'Choose the linear probe or a phase.',
    });
  }
  const spec = { trainingId, rung: row.id };
  const run = project.runs.create({ kind: 'choose-rung', title: `Model from ${row.name}`, spec });
  live.start(run.id, async (emit, signal) => {
    const runFolder = path.join(project.folders.runs, trainingId);
    const plan = await readStoredPlan(project, runFolder);
    const asked = { ...rungOrders(rows, [row.id]), withColour: false, withTest: true };
    const [outcome] = await makeRungs(deps, { runFolder, plan, engine: null }, asked, emit, signal);
    const made = outcome as RungOutcome & { readonly model: NonNullable<RungOutcome['model']> };
    const from = path.join(runFolder, rungFolder(row.id));
    const modelName = `${project.name} · ${plan.recipe.name} · ${row.name}`;
    const events = project.runs.events(trainingId);
    const { id, device, threads, gradientError } = engineOf(events) ?? made.model.engine;
    const learned = {
      ...made.model,
      engine: { id: id as typeof made.model.engine.id, device, threads, gradientError },
    };
    const passport = await writeModelFolder({
      from,
      to: path.join(project.folders.models, run.id),
      passport: {
        ...passportFor(deps, { modelId: run.id, modelName, plan }, learned),
        rung: { name: row.name, chosen: 'by hand' },
      },
      files: made.model.files,
    });
    await dropLayers(runFolder, row.id);
    await storeJudged(runFolder, [made]);
    await writeReport(project, run.id, passport, events, plan);
    const { validation, test } = made;
    project.db.change((record) => {
      addModel(project, run.id, passport, made);
      project.runs.setModel(trainingId, run.id);
      if (test) {
        const looked = { training: trainingId, rung: row.id, patches: test.patches };
        record({
          action: 'update',
          entity: 'test part',
          id: run.id,
          after: looked,
          reason: 'a rung was chosen by hand',
        });
      }
    });
    if (test) emit({ type: 'note', level: 'warning', text: testWords });
    return { model: run.id, training: training.id, rung: row.id, attach: made.model.attach, validation, test };
  });
  return run;
}

const testWords =
  'The test part was looked at once more, for a rung that was chosen by hand. Choosing among rungs by their test numbers would make these numbers too good.';

/** Takes away what a comparison does not need of a rung's files: the layers model, which can be made again. */
export async function dropLayers(runFolder: string, id: string): Promise<void> {
  for (const name of ['model.json', 'weights.bin']) {
    await rm(path.join(runFolder, rungFolder(id), name), { force: true });
  }
}

/** A training run that has come to an end. Throws `run/unknown`, `rung/training-goes-on`. */
export function endedTraining(project: Project, trainingId: string): RunView {
  const training = project.runs.get(trainingId);
  if (training.state === 'queued' || training.state === 'running') {
    throw new EosinError('rung/training-goes-on', 'conflict', 'This training is still going on.', {
      remedy: 'Wait for its end, or stop it first.',
    });
  }
  return training;
}
