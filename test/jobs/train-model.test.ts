import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { JobEvent, SequencedEvent } from '../../app/core/run.ts';
import { createLiveRuns, type LiveRuns } from '../../app/jobs/live-runs.ts';
import { planFolders } from '../../app/jobs/plan-folders.ts';
import { heatmapFileOf, resumeTraining, startPrediction, startTraining } from '../../app/jobs/project-runs.ts';
import type { RunDeps } from '../../app/jobs/run-deps.ts';
import { trainModel } from '../../app/jobs/train-model.ts';
import { classAt } from '../../app/overlay/heatmap.ts';
import { readHeatmapFile } from '../../app/overlay/heatmap-file.ts';
import { openModelFolder } from '../../app/passports/model-folder.ts';
import { applySettings, checkRecipe } from '../../app/training/recipe-book.ts';
import { glassPx, tissueSize } from '../fixtures/tissue-slide.ts';
import { addFourPatients, type LabelledProject, openLabelledProject, runDepsFor } from './fixtures/labelled-project.ts';

/** Small enough for a slow computer: 64 px, six patches a class and part. */
const recipe = checkRecipe({
  name: 'small',
  backbone: 'mobilenet-v2',
  attach: 'block_3',
  input: { sizePx: 64 },
  head: { dropout: 0 },
  phases: [
    { name: 'head', unfreeze: 0, epochs: 3, learningRate: 1e-2 },
    { name: 'fine-tune', unfreeze: 1, epochs: 1, learningRate: 1e-4 },
  ],
  augment: {},
  views: 1,
  batchSize: 6,
  capPerClass: 6,
});

let study: LabelledProject;
let live: LiveRuns;
let deps: RunDeps;
before(async () => {
  study = openLabelledProject();
  await addFourPatients(study);
  live = createLiveRuns(study.project.runs);
  deps = runDepsFor(study, 2);
});
after(async () => {
  await live.close();
  await study.close();
});

async function follow(
  runId: string,
  onEvent: (event: SequencedEvent) => void = () => undefined,
): Promise<SequencedEvent[]> {
  const events: SequencedEvent[] = [];
  for await (const event of live.events(runId, 0)) {
    if (event.type !== 'progress') events.push(event);
    onEvent(event);
  }
  return events;
}

test('a run on a project: plan, phases, a model with its passport, a report; then the model predicts', async () => {
  const { project } = study;
  const run = startTraining(project, live, deps, { recipe, engine: 'wasm' });
  const events = await follow(run.id);
  const failed = events.find((event) => event.type === 'failed');
  assert.equal(failed, undefined, failed && JSON.stringify(failed));
  assert.deepEqual(
    events.map(({ type }) => type).filter((type, i, all) => type !== all[i - 1] && type !== 'note' && type !== 'rung'),
    ['plan', 'engine', 'phase', 'epoch', 'phase', 'epoch', 'done'],
  );

  const done = project.runs.get(run.id);
  assert.equal(done.state, 'done');
  assert.deepEqual(
    done.plan?.classes.map(({ name, train, validation, test: own }) => [name, train, validation, own]),
    [
      ['Gland', 6, 6, 6],
      ['Stroma', 6, 6, 6],
    ],
  );
  const [model] = project.models.list();
  assert.equal(done.modelId, model?.id);
  assert.equal(model?.validation?.accuracy.value, 1, 'two plain colours are learnt');
  const opened = await openModelFolder(join(project.folders.models, model!.id));
  assert.deepEqual(
    opened.passport.classes.map(({ name }) => name),
    ['Gland', 'Stroma'],
  );
  assert.equal(opened.passport.mpp, 0.5);
  assert.equal(opened.passport.sizePx, 64);
  assert.deepEqual(opened.passport.split.patients, { train: 2, validation: 1, test: 1 });
  assert.ok(opened.passport.parity < 1e-4);
  assert.equal(opened.passport.metrics.test?.patches, 12);
  const runFolder = join(project.folders.runs, run.id);
  assert.match(readFileSync(join(runFolder, 'report.html'), 'utf8'), /Gland/);
  for (const name of ['patches.raw', 'cache', 'model']) assert.ok(!existsSync(join(runFolder, name)), name);

  const slide = project.slides.list().at(-1)!;
  const prediction = startPrediction(project, live, deps, { modelId: model!.id, slideId: slide.id, stride: null });
  const told = await follow(prediction.id);
  assert.equal(told.at(-1)?.type, 'done', JSON.stringify(told.at(-1)));
  const map = await readHeatmapFile(heatmapFileOf(project, { modelId: model!.id, slideId: slide.id, stride: null }));
  const { columns, rows } = map.header.grid;
  for (let row = glassPx / 64; row < rows; row++)
    for (let column = 0; column < columns; column++)
      assert.equal(classAt(map, column, row), column < columns / 2 ? 0 : 1, `${column}, ${row}`);
  assert.equal(columns, tissueSize.widthPx / 64);
  assert.deepEqual(readdirSync(join(project.folders.runs, prediction.id)).sort(), [
    `${slide.name}.geojson`,
    `${slide.name}.heatmap.tif`,
    `${slide.name}.json`,
    `${slide.name}.patches.csv`,
    `${slide.name}.preview.png`,
  ]);
});

test('a model or slide that the project lacks is refused before there is a run', () => {
  const before = study.project.runs.list().length;
  const slideId = study.project.slides.list()[0]!.id;
  const start = (modelId: string, id: string) => () =>
    startPrediction(study.project, live, deps, { modelId, slideId: id, stride: null });
  assert.throws(start('../models', slideId), { code: 'model/unknown' });
  assert.throws(start('x', 'nowhere'), { code: 'slide/unknown' });
  assert.equal(study.project.runs.list().length, before);
});

test('a cancel in the middle of training ends within 2.5 s, leaves no model and nothing half written', async () => {
  const { project } = study;
  const models = readdirSync(project.folders.models);
  const slow = applySettings(recipe, ['phases.fine-tune.epochs=500']);
  const run = startTraining(project, live, deps, { recipe: slow, engine: 'wasm' });
  let cancelledAt = 0;
  const events = await follow(run.id, (event) => {
    if (cancelledAt > 0 || event.type !== 'epoch' || event.phase !== 'fine-tune') return;
    cancelledAt = performance.now();
    assert.equal(live.cancel(run.id), true);
  });
  const seconds = (performance.now() - cancelledAt) / 1000;
  assert.equal(events.at(-1)?.type, 'cancelled');
  assert.ok(seconds <= 2.5, `${seconds} s`);
  assert.equal(project.runs.get(run.id).state, 'cancelled');
  assert.equal(project.runs.get(run.id).modelId, null);
  assert.deepEqual(readdirSync(project.folders.models), models);
  const left = readdirSync(join(project.folders.runs, run.id), { recursive: true }).map(String);
  // Checkpoints stay, so that work is not lost; patches, caches, models and temporary files do not.
  assert.deepEqual(
    left.filter((name) => /patches\.raw|cache|model|\.tmp$/.test(name)),
    [],
  );
  assert.ok(
    left.some((name) => name.includes('best-')),
    'the best weights so far stay',
  );
});

test('what the decode processes refuse ends the run as failed, with their code', async () => {
  const { project } = study;
  const extra = await study.add('gone.tif', { patient: 'a' });
  study.labelBoth(extra.id);
  const run = startTraining(project, live, deps, {
    recipe: applySettings(recipe, ['capPerClass=null']),
    engine: 'wasm',
  });
  const events = await follow(run.id, (event) => {
    if (event.type === 'plan') rmSync(join(study.folder, 'gone.tif'), { force: true });
  });
  project.slides.remove(extra.id);
  const last = events.at(-1)!;
  assert.equal(last.type === 'failed' && last.error.code, 'slide/missing');
});

test('pictures that are no pictures end a training on folders with a typed error', async () => {
  const folder = join(study.folder, 'folders');
  for (const file of ['train/a/1.png', 'train/b/2.png', 'val/a/3.png', 'val/b/4.png']) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), 'no picture');
  }
  const plan = await planFolders(
    { train: join(folder, 'train'), validation: join(folder, 'val'), test: null, groups: null, mpp: null },
    recipe,
  );
  const events: JobEvent[] = [];
  const request = {
    runFolder: join(folder, 'run'),
    modelFolder: join(folder, 'model'),
    modelId: 'm',
    modelName: 'm',
    plan,
    engine: null,
  };
  const trained = trainModel(deps, request, (event) => events.push(event), new AbortController().signal);
  await assert.rejects(trained, (error: { kind?: string; code?: string }) => {
    assert.equal(error.kind, 'input', error.code);
    return true;
  });
  assert.deepEqual(readdirSync(join(folder, 'run')), []);
  assert.ok(!existsSync(join(folder, 'model')));
});

test('a cancelled run goes on after its last whole epoch and tells only what is new', async () => {
  const { project } = study;
  const run = startTraining(project, live, deps, { recipe, engine: 'wasm' });
  const before = await follow(run.id, (event) => {
    if (event.type === 'epoch' && event.epoch === 1) live.cancel(run.id);
  });
  assert.equal(before.at(-1)?.type, 'cancelled');
  resumeTraining(project, live, deps, run.id);
  const all = await follow(run.id);
  assert.equal(all.at(-1)?.type, 'done', JSON.stringify(all.at(-1)));
  assert.deepEqual(all.slice(0, before.length), before);
  const epochs = all.flatMap((event) => (event.type === 'epoch' ? [`${event.phase} ${event.epoch}`] : []));
  assert.deepEqual(epochs, ['head 1', 'head 2', 'head 3', 'fine-tune 1']);
  assert.ok(all.some((event) => event.type === 'note' && /goes on after epoch \d of phase/.test(event.text)));
  assert.equal(project.runs.get(run.id).modelId, run.id);
  assert.throws(() => resumeTraining(project, live, deps, run.id), { code: 'run/no-resume' });
});

test('a pause in mid-epoch goes on there, after the project was closed too', async () => {
  const { project } = study;
  const longer = applySettings(recipe, ['phases.head.epochs=40']);
  const run = startTraining(project, live, deps, { recipe: longer, engine: 'wasm' });
  const before = await follow(run.id, (event) => {
    if (event.type === 'epoch' && event.epoch === 3) live.pause(run.id);
  });
  assert.equal(before.at(-1)?.type, 'paused');
  assert.equal(project.runs.get(run.id).state, 'cancelled');
  // Nothing but the project's file and the run's folder is needed: another host goes on.
  live = createLiveRuns(project.runs);
  resumeTraining(project, live, deps, run.id);
  const all = await follow(run.id);
  assert.equal(all.at(-1)?.type, 'done', JSON.stringify(all.at(-1)));
  assert.ok(
    all.some((event) => event.type === 'note' && /goes on (in|after) epoch \d/.test(event.text)),
    'it went on',
  );
  const epochs = all.flatMap((event) => (event.type === 'epoch' ? [`${event.phase} ${event.epoch}`] : []));
  assert.deepEqual(epochs, [...Array.from({ length: 40 }, (_, i) => `head ${i + 1}`), 'fine-tune 1']);
});
