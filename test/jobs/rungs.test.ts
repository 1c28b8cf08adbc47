import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EosinError } from '../../app/core/errors.ts';
import type { JobEvent } from '../../app/core/run.ts';
import { startRungChoice } from '../../app/jobs/choose-rung.ts';
import { type RungComparison, rungHeatmapFile, startRungComparison } from '../../app/jobs/compare-rungs.ts';
import { createLiveRuns, type LiveRuns } from '../../app/jobs/live-runs.ts';
import { startTraining } from '../../app/jobs/project-runs.ts';
import type { RunDeps } from '../../app/jobs/run-deps.ts';
import { findRung, rungRows } from '../../app/jobs/rung-rows.ts';
import { slideAgreement } from '../../app/jobs/slide-agreement.ts';
import { readHeatmapFile } from '../../app/overlay/heatmap-file.ts';
import { openModelFolder } from '../../app/passports/model-folder.ts';
import { checkRecipe } from '../../app/training/recipe-book.ts';
import { addFourPatients, type LabelledProject, openLabelledProject, runDepsFor } from './fixtures/labelled-project.ts';

/** The second phase does harm, so that the run keeps its first. */
const recipe = checkRecipe({
  name: 'small',
  backbone: 'mobilenet-v2',
  attach: 'block_3',
  input: { sizePx: 64 },
  head: { dropout: 0 },
  phases: [{ name: 'head', unfreeze: 0, epochs: 2, learningRate: 1e-3 }],
  ladder: { groups: 1, epochs: 1, learningRate: 0.3, rateDecay: 0.5, patience: 1 },
  augment: {},
  views: 1,
  batchSize: 6,
  capPerClass: 6,
});
const ids = ['colour', 'probe', '0-head', '1-rung-1-block_3'];

let study: LabelledProject;
let live: LiveRuns;
let deps: RunDeps;
let trainingId = '';
before(async () => {
  study = openLabelledProject();
  await addFourPatients(study);
  live = createLiveRuns(study.project.runs);
  deps = runDepsFor(study, 2);
  trainingId = startTraining(study.project, live, deps, { recipe, engine: 'wasm' }).id;
  await follow(trainingId);
});
after(async () => {
  await live.close();
  await study.close();
});

async function follow(runId: string): Promise<JobEvent[]> {
  const events: JobEvent[] = [];
  for await (const event of live.events(runId, 0)) {
    assert.notEqual(event.type, 'failed', JSON.stringify(event));
    events.push(event);
  }
  return events;
}
const withCode = (code: string) => (error: unknown) => error instanceof EosinError && error.code === code;

test('1: the rungs of a run stand in a row, with their verdicts and the one in use', () => {
  const rows = rungRows(study.project, trainingId);
  assert.deepEqual(
    rows.map(({ id }) => id),
    ids,
  );
  assert.deepEqual(
    rows.map(({ usable, inUse, kept }) => [usable, inUse, kept]),
    [
      [false, false, null],
      [true, false, null],
      [true, true, null],
      [true, false, false],
    ],
  );
  const rung = rows[3]!;
  assert.deepEqual(rung.groups, ['head', 'block_3']);
  assert.ok(rung.fall!.mean < rung.fall!.standardError, 'undone because the loss did not fall');
  assert.match(rung.reason!, /validation loss/);
  assert.equal(findRung(rows, 'head').id, '0-head');
  assert.throws(() => findRung(rows, 'rung-9'), withCode('rung/unknown'));
});

test('2: a slide goes through all rungs at once; a second look finds what is there', async () => {
  const { project, masks } = study;
  const slide = project.slides.list()[3]!;
  const run = startRungComparison(project, live, deps, { trainingId, slideId: slide.id });
  const events = await follow(run.id);
  assert.ok(events.some(({ type }) => type === 'heatmap'));
  const done = project.runs.get(run.id);
  assert.deepEqual([done.state, done.result!.training, done.result!.rungs], ['done', trainingId, ids]);
  assert.ok(Number(done.result!.patches) > 0);
  const spec = project.runs.spec(run.id) as RungComparison;
  const mask = await masks.get(project.slides.source(slide.id), slide.tissue);
  const agreements = await Promise.all(
    ids.map(async (id) => {
      const map = await readHeatmapFile(rungHeatmapFile(project, spec, id)!);
      assert.equal(map.rowsDone, map.header.grid.rows, id);
      return slideAgreement(map, project.annotations.list(slide.id), project.classes.list(), mask);
    }),
  );
  for (const [i, id] of ids.slice(0, 3).entries()) {
    const { patches, balancedAccuracy } = agreements[i]!;
    assert.ok(patches > 10 && balancedAccuracy > 0.8, `${id} ${balancedAccuracy} on ${patches}`);
  }
  const rows = rungRows(project, trainingId);
  for (const { id, validation } of rows) assert.ok(validation !== null, id);
  assert.ok(Math.abs(rows[2]!.validation!.loss - rows[2]!.valLoss!) < 1e-3);
  assert.ok(rows[2]!.fall, 'the first phase stands beside the probe');
  assert.equal(existsSync(join(project.folders.runs, trainingId, 'rungs/0-head/weights.bin')), false);

  const again = startRungComparison(project, live, deps, { trainingId, slideId: slide.id });
  const told = await follow(again.id);
  assert.deepEqual(
    [project.runs.get(again.id).result!.patches, told.some(({ type }) => type === 'heatmap')],
    [0, false],
  );
});

test('3: an undone rung becomes the model by hand, also after the labels have changed', async () => {
  const { project } = study;
  const [slide] = project.slides.list();
  project.db.change((record) => project.annotations.removeAllOf(slide!.id, record));
  assert.throws(
    () => startRungChoice(project, live, deps, { trainingId, rung: 'colour' }),
    withCode('rung/not-a-network'),
  );
  const before = project.runs.get(trainingId).modelId;
  const run = startRungChoice(project, live, deps, { trainingId, rung: 'rung-1-block_3' });
  const events = await follow(run.id);
  assert.ok(events.some((event) => event.type === 'note' && /test part was looked at/.test(event.text)));
  const { passport } = await openModelFolder(join(project.folders.models, run.id));
  assert.deepEqual(passport.rung, { name: 'rung-1-block_3', chosen: 'by hand' });
  assert.ok(passport.parity < 1e-4);
  assert.ok(passport.files.some(({ name }) => name === 'model.json'));
  assert.equal(passport.metrics.test!.patches, 12);
  assert.notEqual(project.runs.get(trainingId).modelId, before);
  assert.equal(project.models.get(run.id).validation!.loss, passport.metrics.validation!.loss);
  assert.deepEqual(
    rungRows(project, trainingId).map(({ inUse }) => inUse),
    [false, false, false, true],
  );
  const looks = project.db.sqlite.prepare(`SELECT after FROM audit WHERE entity = 'test part'`).pluck().all();
  assert.deepEqual(
    looks.map((text) => JSON.parse(String(text))),
    [{ training: trainingId, rung: '1-rung-1-block_3', patches: 12 }],
  );
  const first = await openModelFolder(join(project.folders.models, String(before)));
  assert.deepEqual(first.passport.rung, { name: 'head', chosen: 'by validation' });
});
