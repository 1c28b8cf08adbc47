import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Mpp } from '../../app/core/pyramid.ts';
import type { JobEvent } from '../../app/core/run.ts';
import type { SlideInfo } from '../../app/core/slide.ts';
import type { TissueChoice } from '../../app/core/tissue-map.ts';
import { type PredictionRequest, type PredictionResult, predictSlide } from '../../app/jobs/predict-slide.ts';
import { patchesCsv } from '../../app/overlay/outputs/patches-csv.ts';
import type { OpenedModel } from '../../app/passports/model-folder.ts';
import type { SlidePool } from '../../app/slides/slide-pool.ts';
import { createTissueMasks } from '../../app/slides/tissue-masks.ts';
import { startProcess } from '../../main/start-process.ts';
import { wideScanner, writeMatrixProfile } from '../fixtures/icc-writer.ts';
import { glandProbability, tinySizePx, writeTinyModel } from '../fixtures/tiny-model.ts';
import { glassPx, tissuePainter, tissueSize, writeTissueSlide } from '../fixtures/tissue-slide.ts';
import { testPool } from './fixtures/labelled-project.ts';

const columns = tissueSize.widthPx / tinySizePx;
const rows = tissueSize.heightPx / tinySizePx;
const glassRows = glassPx / tinySizePx;

let folder = '';
let scratchFolder = '';
let pool: SlidePool;
let model: OpenedModel;
let info: SlideInfo;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'eosin-predict-slide-'));
  scratchFolder = join(folder, 'scratch');
  pool = testPool(join(folder, 'cache'));
  await writeTissueSlide(join(folder, 'a.tif'));
  model = await writeTinyModel(join(folder, 'model'));
  info = await pool.describe(join(folder, 'a.tif'));
});
after(async () => {
  await pool.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Options extends Partial<Pick<PredictionRequest, 'stride' | 'model' | 'override' | 'slide'>> {
  readonly tissue?: TissueChoice;
  readonly mpp?: Mpp | null;
  readonly onEvent?: (event: JobEvent) => void;
  readonly signal?: AbortSignal;
}

function predict(name: string, { mpp = info.mpp, stride = null, tissue, onEvent, signal, ...rest }: Options = {}) {
  const request: PredictionRequest = {
    slide: { id: 's1', path: join(folder, 'a.tif'), info, mpp, stain: 'H&E', ...(tissue && { tissue }) },
    model,
    stride,
    heatmapFile: join(folder, `${name}.heatmap`),
    threads: 1,
    ...rest,
  };
  const deps = { pool, masks: createTissueMasks(pool), startProcess, scratchFolder };
  return predictSlide(deps, request, onEvent ?? (() => undefined), signal ?? new AbortController().signal);
}

const at = ({ heatmap }: PredictionResult, column: number, row: number): number[] => [
  ...heatmap.values.subarray((row * columns + column) * 2, (row * columns + column) * 2 + 2),
];

test('every patch of tissue gets the probabilities of its own pixels, glass gets none', async () => {
  const events: JobEvent[] = [];
  const result = await predict('whole', { onEvent: (event) => events.push(event) });
  const { grid } = result.heatmap.header;
  assert.deepEqual([grid.columns, grid.rows], [columns, rows]);
  assert.equal(result.heatmap.rowsDone, rows);
  assert.equal(result.patches, columns * (rows - glassRows));
  const paint = tissuePainter('a');
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [gland, stroma] = at(result, column, row);
      if (row < glassRows) {
        assert.ok(Number.isNaN(gland) && Number.isNaN(stroma), `glass at ${column}, ${row}`);
        continue;
      }
      let red = 0;
      for (let y = 0; y < tinySizePx; y++)
        for (let x = 0; x < tinySizePx; x++) red += paint(column * tinySizePx + x, row * tinySizePx + y)[0];
      const expected = glandProbability(red / tinySizePx ** 2);
      assert.ok(Math.abs(gland! - expected) < 1e-4, `${column}, ${row}: ${gland} for ${expected}`);
      assert.ok(Math.abs(gland! + stroma! - 1) < 1e-5);
    }
  }
  const bands = events.flatMap((event) => (event.type === 'heatmap' ? [[event.fromRow, event.toRow]] : []));
  assert.deepEqual(bands, [
    [0, 8],
    [8, 16],
    [16, 24],
  ]);
  const progress = events.filter((event) => event.type === 'progress').at(-1);
  assert.equal(progress?.done, result.patches);
  assert.deepEqual(readdirSync(scratchFolder), [], 'no slot file is left');
});

test('a prediction that was cancelled in the middle goes on from its rows and ends in the identical file', async () => {
  const cancel = new AbortController();
  const broken = predict('resumed', {
    onEvent: (event) => {
      if (event.type === 'heatmap' && event.toRow === 8) cancel.abort();
    },
    signal: cancel.signal,
  });
  await assert.rejects(
    broken,
    (error: Error & { kind?: string }) => error.name === 'AbortError' || error.kind === 'cancelled',
  );
  assert.deepEqual(readdirSync(scratchFolder), []);
  const told: number[] = [];
  const rest = await predict('resumed', { onEvent: (event) => event.type === 'heatmap' && told.push(event.fromRow) });
  assert.ok(told[0]! >= 8, `went on from row ${told[0]}`);
  assert.ok(rest.patches < columns * (rows - glassRows));
  const whole = await predict('from-start');
  assert.deepEqual(rest.heatmap.values, whole.heatmap.values);
  assert.ok(readFileSync(join(folder, 'resumed.heatmap')).equals(readFileSync(join(folder, 'from-start.heatmap'))));
  const again = await predict('resumed');
  assert.equal(again.patches, 0, 'a finished one has nothing left to do');
});

test('another model or stride may not go on in the same file', async () => {
  await predict('shared');
  await assert.rejects(predict('shared', { stride: 32 }), { code: 'heatmap/other' });
  const other = await writeTinyModel(join(folder, 'other'), { id: 'm-other' });
  await assert.rejects(predict('shared', { model: other }), { code: 'heatmap/other' });
});

test('a stride below the patch gives more cells, centred on the same patches', async () => {
  const { heatmap, patches } = await predict('dense', { stride: 8 });
  assert.equal(heatmap.header.grid.columns, (tissueSize.widthPx - tinySizePx) / 8 + 1);
  assert.ok(patches > 3 * columns * (rows - glassRows));
});

test('a slide of unknown µm/px and a too coarse one are refused before a process or a file is made', async () => {
  await assert.rejects(predict('unknown', { mpp: null }), { code: 'model/unknown-mpp', kind: 'input' });
  await assert.rejects(predict('coarse', { mpp: { x: 0.61, y: 0.61 } }), { code: 'model/too-coarse', kind: 'input' });
  const stained = await writeTinyModel(join(folder, 'stained'), { stains: ['PAS'] });
  await assert.rejects(predict('stain', { model: stained }), { code: 'model/wrong-stain' });
  for (const name of ['unknown', 'coarse', 'stain'])
    assert.ok(!readdirSync(folder).includes(`${name}.heatmap`), `${name} left a file`);
});

test('a model that sees colours through a profile gets them so, and a slide without one only by hand', async () => {
  const { recipe } = model.passport;
  const seeing: OpenedModel = {
    ...model,
    passport: { ...model.passport, recipe: { ...recipe, input: { ...recipe.input, colour: 'srgb' } } },
  };
  await assert.rejects(predict('no-profile', { model: seeing }), { code: 'model/no-profile', kind: 'input' });
  assert.ok(!readdirSync(folder).includes('no-profile.heatmap'));
  const byHand = await predict('by-hand', { model: seeing, override: { anyColour: true } });
  assert.match(byHand.warnings.join(' '), /as scanned, allowed by hand/);
  assert.deepEqual([byHand.heatmap.header.settings.colour, byHand.heatmap.header.settings.anyColour], ['stored', true]);
  const path = join(folder, 'profiled.tif');
  await writeTissueSlide(path, { profile: writeMatrixProfile(wideScanner) });
  const slide = { id: 's1', path, info: await pool.describe(path), mpp: info.mpp, stain: 'H&E' };
  const scanned = await predict('scanned', { slide });
  const through = await predict('through', { model: seeing, slide });
  assert.deepEqual(
    [scanned, through].map((one) => one.heatmap.header.settings.colour),
    ['stored', 'srgb'],
  );
  assert.deepEqual(
    at(scanned, 3, 6),
    at(byHand, 3, 6),
    'a profile changes nothing for a model that does not ask for it',
  );
  const corner = { x: 3 * tinySizePx, y: 6 * tinySizePx, widthPx: tinySizePx, heightPx: tinySizePx, downsample: 1 };
  const { data } = await pool.region({ path, colour: 'srgb' }, corner);
  const red = data.reduce((sum, value, i) => (i % 3 === 0 ? sum + value : sum), 0) / (data.length / 3);
  assert.ok(Math.abs(at(through, 3, 6)[0]! - glandProbability(red)) < 1e-3);
  assert.ok(Math.abs(at(through, 3, 6)[0]! - at(scanned, 3, 6)[0]!) > 1e-3);
});

test('a finer slide is resampled to the model, and the run says when it is read as it is', async () => {
  const fine = await predict('fine', { mpp: { x: 0.25, y: 0.25 } });
  assert.equal(fine.heatmap.header.grid.columns, columns / 2);
  const notes: string[] = [];
  const near = await predict('near', {
    mpp: { x: 0.55, y: 0.55 },
    onEvent: (event) => event.type === 'note' && notes.push(event.text),
  });
  assert.equal(near.heatmap.header.grid.columns, columns);
  assert.match(notes[0]!, /10 % coarser/);
});

test('a model whose graph was damaged ends the run with its reason', async () => {
  const damaged = await writeTinyModel(join(folder, 'damaged'));
  rmSync(damaged.onnxFile);
  await assert.rejects(predict('damaged', { model: damaged }), { code: 'model/missing' });
  assert.deepEqual(readdirSync(scratchFolder), []);
});

test('a threshold set by hand decides which patches are predicted, and stands in the heat map', async () => {
  const bare = await predict('threshold', { tissue: { threshold: 255, penIsTissue: false } });
  assert.equal(bare.patches, 0);
  assert.equal(bare.heatmap.header.settings.tissueThreshold, 255);
  // Half of the tissue has more colour than the other.
  const half = await predict('half', { tissue: { threshold: 84, penIsTissue: false } });
  const whole = await predict('automatic');
  assert.ok(half.patches > 0.4 * whole.patches && half.patches < 0.6 * whole.patches, `${half.patches}`);
  assert.equal(whole.heatmap.header.settings.tissueThreshold, undefined);
});

test('the table of a prediction says how much of a patch is under pen', async () => {
  const path = join(folder, 'penned.tif');
  const penned = { x: 0, y: glassPx, width: 128, height: 192 };
  await writeTissueSlide(path, { pen: penned });
  const slide = { id: 's2', path, info: await pool.describe(path), mpp: info.mpp, stain: 'H&E' };
  const { heatmap, penOf, patches } = await predict('penned', { slide });
  assert.ok(patches < columns * (rows - glassRows), 'what is under ink alone is no tissue');
  assert.equal(penOf({ x: 32, y: 96, width: 64, height: 64 }), 1);
  const [head, ...lines] = patchesCsv(heatmap, penOf).trimEnd().split('\n');
  assert.match(head!, /^x,y,width,height,pen,/);
  assert.equal(lines.length, patches);
  assert.match(patchesCsv(heatmap).split('\n')[0]!, /^x,y,width,height,gland/i);
});
