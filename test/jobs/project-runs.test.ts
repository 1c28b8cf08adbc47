import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createLiveRuns } from '../../app/jobs/live-runs.ts';
import { startPrediction } from '../../app/jobs/project-runs.ts';
import type { RunDeps } from '../../app/jobs/run-deps.ts';
import { createBackboneLibrary } from '../../app/weights/backbone-library.ts';
import { startProcess } from '../../main/start-process.ts';
import { writeTinyModel } from '../fixtures/tiny-model.ts';
import { type LabelledProject, openLabelledProject } from './fixtures/labelled-project.ts';

let labelled: LabelledProject;
let deps: RunDeps;
before(() => {
  labelled = openLabelledProject();
  const { folder, pool, masks } = labelled;
  const backbones = createBackboneLibrary([]);
  deps = {
    pool,
    masks,
    backbones,
    startProcess,
    appVersion: '0.1.0',
    threads: 1,
    scratchFolder: join(folder, 'scratch'),
  };
});
after(() => labelled.close());

test('a prediction ends with the bare names of its five files, all of which lie in the folder of the run', async () => {
  const { project } = labelled;
  const slide = await labelled.add('a.tif', { patient: 'P1' });
  const { passport } = await writeTinyModel(join(project.folders.models, 'm1'), { id: 'm1' });
  const classes = passport.classes.map(({ name }) => name);
  const { sizePx, mpp } = passport;
  project.models.add({ id: 'm1', name: 'Tiny', runId: null, classes, sizePx, mpp, validation: null, test: null });
  const live = createLiveRuns(project.runs);
  const run = startPrediction(project, live, deps, { modelId: 'm1', slideId: slide.id, stride: null });
  for await (const event of live.events(run.id, 0)) assert.notEqual(event.type, 'failed', JSON.stringify(event));
  await live.close();
  const { files } = project.runs.get(run.id).result as { files: Record<string, string> };
  const name = slide.name;
  assert.deepEqual(files, {
    heatmap: `${name}.heatmap.tif`,
    preview: `${name}.preview.png`,
    csv: `${name}.patches.csv`,
    geojson: `${name}.geojson`,
    json: `${name}.json`,
  });
  assert.deepEqual(readdirSync(join(project.folders.runs, run.id)).sort(), Object.values(files).sort());
});
