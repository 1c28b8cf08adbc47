import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import type { ModelView, PredictionSummary, RunView, SlideView } from '../../app/core/project.ts';
import type { SequencedEvent } from '../../app/core/run.ts';
import { tinySizePx, writeTinyModel } from '../fixtures/tiny-model.ts';
import { glassPx, tissueSize } from '../fixtures/tissue-slide.ts';
import { assertNoPath, openTempApp, type TempApp } from './fixtures/temp-app.ts';

const columns = tissueSize.widthPx / tinySizePx;
const glassRows = glassPx / tinySizePx;

let app: TempApp;
let slide: SlideView;
let model: ModelView;
before(async () => {
  app = openTempApp();
  await app.createProject('Lung');
  slide = await app.addSlide('one.tif', { patient: 'P1' });
  const project = app.app.services.workspace.project();
  const { passport } = await writeTinyModel(join(project.folders.models, 'm1'), { id: 'm1' });
  model = project.models.add({
    id: 'm1',
    name: passport.name,
    runId: null,
    classes: passport.classes.map(({ name }) => name),
    sizePx: passport.sizePx,
    mpp: passport.mpp,
    validation: null,
    test: null,
  });
});
after(() => app.close());

const start = (body: unknown) => app.ask<RunView>('POST', '/api/runs', body);

/** Events of a run from `after` on, until the stream ends or `enough` says so. */
async function events(id: string, from = 0, enough = (_: SequencedEvent) => false): Promise<SequencedEvent[]> {
  const response = await app.send('GET', `/api/runs/${id}/events?after=${from}`);
  assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
  const seen: SequencedEvent[] = [];
  let rest = '';
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      assertNoPath(line, app.folder, 'an event');
      const event = JSON.parse(line) as SequencedEvent;
      seen.push(event);
      if (enough(event)) return seen;
    }
  }
  return seen;
}

test('a prediction: run, events, overlay, numbers, files; a broken stream goes on with exactly the rest', async () => {
  const { status, body: run } = await start({ kind: 'predict', modelId: model.id, slideId: slide.id });
  assert.equal(status, 200, JSON.stringify(run));
  assert.deepEqual([run.kind, run.modelId, run.slideId], ['predict', model.id, slide.id]);
  const first = await events(run.id, 0, ({ type }) => type === 'heatmap');
  const rest = await events(run.id, first.at(-1)!.seq);
  const whole = await events(run.id);
  const stored = (all: readonly SequencedEvent[]): number[] =>
    all.filter(({ type }) => type !== 'progress').map(({ seq }) => seq);
  assert.deepEqual([...stored(first), ...stored(rest)], stored(whole));
  assert.equal(rest.at(-1)?.type, 'done');
  assert.equal((await app.ask<RunView>('GET', `/api/runs/${run.id}`)).body.state, 'done');

  const summary = (await app.ask<PredictionSummary>('GET', `/api/slides/${slide.id}/prediction?run=${run.id}`)).body;
  const tissueRows = tissueSize.heightPx / tinySizePx - glassRows;
  assert.deepEqual(
    summary.classes.map(({ name, patches }) => [name, patches]),
    [
      ['gland', (columns / 2) * tissueRows],
      ['stroma', (columns / 2) * tissueRows],
    ],
  );
  assert.ok(Math.abs(summary.classes[0]!.areaUm2! - (columns / 2) * tissueRows * (tinySizePx * 0.5) ** 2) < 1);

  const tile = await app.send('GET', `/api/runs/${run.id}/overlay/0/0/0`);
  assert.equal(tile.headers.get('content-type'), 'image/png');
  const { data, info } = await sharp(await tile.arrayBuffer())
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixel = (column: number, row: number): number[] => [
    ...data.subarray((row * info.width + column) * 4).subarray(0, 4),
  ];
  assert.equal(pixel(3, 0)[3], 0, 'glass is clear');
  assert.deepEqual(pixel(3, glassRows + 2).slice(0, 3), [0x00, 0x72, 0xb2]);
  assert.deepEqual(pixel(columns - 2, glassRows + 2).slice(0, 3), [0xe6, 0x9f, 0x00]);
  for (const tail of ['0/9/9', 'a/b/c'])
    assert.ok((await app.send('GET', `/api/runs/${run.id}/overlay/${tail}`)).status < 500, tail);
  await app.refused(app.ask('GET', `/api/runs/${run.id}/overlay/0/0/0?mode=pretty`), 400, 'api/invalid');

  const under = async (x: number, y: number) =>
    (await app.ask<{ probabilities: number[] | null }>('GET', `/api/runs/${run.id}/probabilities?x=${x}&y=${y}`)).body;
  const { probabilities } = await under(100, 200);
  assert.ok(probabilities && probabilities[0]! > 0.8);
  assert.equal((await under(100, 10)).probabilities, null);

  const csv = await app.send('GET', `/api/runs/${run.id}/files/${slide.name}.patches.csv`);
  assert.match(csv.headers.get('content-type')!, /^text\/csv/);
  assert.match(await csv.text(), /x,y,width,height/);
  for (const name of ['..%2F..%2Fproject.sqlite', '..', 'none.csv'])
    await app.refused(
      app.ask('GET', `/api/runs/${run.id}/files/${name}`),
      404,
      name === '..' ? 'api/no-route' : 'run/no-file',
    );
  await app.refused(app.ask('GET', `/api/runs/${run.id}/report`), 404, 'run/no-file');
});

test('the same prediction again has nothing left to do; a stride of its own has', async () => {
  const again = (await start({ kind: 'predict', modelId: model.id, slideId: slide.id })).body;
  const last = (await events(again.id)).at(-1)!;
  assert.equal(last.type === 'done' && last.result.patches, 0);
  const dense = (await start({ kind: 'predict', modelId: model.id, slideId: slide.id, stride: 8 })).body;
  const end = (await events(dense.id)).at(-1)!;
  assert.ok(end.type === 'done' && Number(end.result.patches) > 1000);
  const newest = await app.ask<PredictionSummary>('GET', `/api/slides/${slide.id}/prediction`);
  assert.equal(newest.body.runId, dense.id);
});

test('what cannot start is refused; what cannot work fails with its reason', async () => {
  await app.refused(start({ kind: 'predict', modelId: 'nobody', slideId: slide.id }), 404, 'model/unknown');
  await app.refused(start({ kind: 'predict', modelId: model.id, slideId: 'nobody' }), 404, 'slide/unknown');
  await app.refused(start({ kind: 'train', recipe: 'slow' }), 400, 'recipe/unknown');
  await app.refused(start({ kind: 'dance' }), 400, 'api/invalid');
  await app.refused(app.ask('GET', '/api/runs/nobody/events'), 404, 'run/unknown');
  await app.refused(app.ask('POST', '/api/runs/nobody/cancel'), 404, 'run/unknown');
  await app.refused(app.ask('GET', '/api/models/nobody'), 404, 'model/unknown');

  const bare = await app.addSlide('bare.tif', { mpp: null });
  await app.refused(app.ask('GET', `/api/slides/${bare.id}/prediction`), 404, 'prediction/none');
  const run = (await start({ kind: 'predict', modelId: model.id, slideId: bare.id })).body;
  const last = (await events(run.id)).at(-1)!;
  assert.equal(last.type === 'failed' && last.error.code, 'model/unknown-mpp');
  await app.refused(app.ask('GET', `/api/slides/${bare.id}/prediction?run=${run.id}`), 404, 'prediction/none');
  const unlabelled = (await start({ kind: 'train', recipe: 'quick' })).body;
  const end = (await events(unlabelled.id)).at(-1)!;
  assert.equal(end.type === 'failed' && end.error.code, 'plan/no-regions');
});

test('a queued run is cancelled before it starts; a reader that leaves leaves the run going', async () => {
  const other = await app.addSlide('two.tif');
  const running = (await start({ kind: 'predict', modelId: model.id, slideId: other.id })).body;
  const queued = (await start({ kind: 'predict', modelId: model.id, slideId: other.id, stride: 8 })).body;
  const cancel = await app.ask<{ cancelled: boolean }>('POST', `/api/runs/${queued.id}/cancel`);
  assert.equal(cancel.body.cancelled, true);
  assert.deepEqual(
    (await events(queued.id)).map(({ type }) => type),
    ['cancelled'],
  );
  const response = await app.send('GET', `/api/runs/${running.id}/events`);
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  assert.equal((await events(running.id)).at(-1)?.type, 'done');
  const states = (await app.ask<{ runs: RunView[] }>('GET', '/api/runs')).body.runs.map(({ id, state }) => [id, state]);
  assert.deepEqual(states.slice(0, 2), [
    [queued.id, 'cancelled'],
    [running.id, 'done'],
  ]);
});

test('models come with their passport', async () => {
  const { body } = await app.ask<{ model: ModelView; passport: { sizePx: number } }>('GET', `/api/models/${model.id}`);
  assert.equal(body.model.id, model.id);
  assert.equal(body.passport.sizePx, tinySizePx);
});
