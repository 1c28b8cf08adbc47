import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SequencedEvent } from '../../app/core/run.ts';
import { createLiveRuns } from '../../app/jobs/live-runs.ts';
import { resumeTraining, startTraining } from '../../app/jobs/project-runs.ts';
import { checkRecipe } from '../../app/training/recipe-book.ts';
import { createBackboneLibrary } from '../../app/weights/backbone-library.ts';
import { startProcess } from '../../main/start-process.ts';
import { openLabelledProject } from './fixtures/labelled-project.ts';

const recipe = checkRecipe({
  name: 'small',
  backbone: 'mobilenet-v2',
  attach: 'block_3',
  input: { sizePx: 64 },
  phases: [{ name: 'head', unfreeze: 0, epochs: 1, learningRate: 1e-2 }],
  batchSize: 6,
  capPerClass: 2,
});

test('a project is cross-validated by patient: each judged once, no model and no split; a cancelled one goes on', async (t) => {
  const study = openLabelledProject();
  t.after(() => study.close());
  const { project, folder, pool, masks } = study;
  for (const name of ['a', 'b', 'c']) study.labelBoth((await study.add(`${name}.tif`, { patient: name })).id);
  const deps = { pool, masks, startProcess, appVersion: '0.1.0', threads: 2, scratchFolder: join(folder, 'scratch') };
  const live = createLiveRuns(project.runs);
  t.after(() => live.close());
  const run = startTraining(
    project,
    live,
    { ...deps, backbones: createBackboneLibrary([]) },
    { recipe, engine: 'wasm', folds: 5 },
  );
  const events: SequencedEvent[] = [];
  const follow = async (): Promise<void> => {
    for await (const event of live.events(run.id, events.at(-1)?.seq ?? 0)) {
      if (event.type !== 'progress') events.push(event);
      if (event.type === 'epoch' && event.phase.startsWith('fold 2')) live.cancel(run.id);
    }
  };
  await follow();
  assert.equal(project.runs.get(run.id).state, 'cancelled', JSON.stringify(events.at(-1)));
  resumeTraining(project, live, { ...deps, backbones: createBackboneLibrary([]) }, run.id);
  await follow();

  const { state, result, title } = project.runs.get(run.id);
  assert.equal(state, 'done', JSON.stringify(events.at(-1)));
  assert.equal(title, 'Cross-validate small');
  const { folds, accuracy } = result as {
    folds: { test: { patches: number; patients: number } }[];
    accuracy: { mean: number };
  };
  assert.deepEqual(
    folds.map(({ test: own }) => [own.patients, own.patches]),
    [7, 7, 6].map((patches) => [1, patches]),
    'three patients give three folds; the cap of five folds leaves ten patches a class to judge',
  );
  assert.ok(accuracy.mean > 0.5, `${accuracy.mean}`);
  const phases = events.flatMap((event) => (event.type === 'phase' ? [event.name] : []));
  assert.deepEqual(phases.slice(0, 2), ['fold 1 head', 'fold 2 head']);
  assert.equal(phases.filter((name) => name === 'fold 1 head').length, 1, 'a finished fold is not trained again');
  assert.deepEqual(project.models.list(), []);
  assert.deepEqual(project.split.get(), []);
});
