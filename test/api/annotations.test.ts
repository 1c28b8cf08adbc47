import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import Database from 'better-sqlite3';
import sharp from 'sharp';
import type { Annotation, AnnotationEdit, ChangeSet, RegionClass } from '../../app/core/annotation.ts';
import { boxPolygon } from '../../app/core/geometry.ts';
import type { PatientPart, ProjectView, SlideView } from '../../app/core/project.ts';
import type { PlanSummary } from '../../app/core/run.ts';
import { glandRegion, glassPx, stromaRegion, tissueSize } from '../fixtures/tissue-slide.ts';
import { openTempApp, type TempApp } from './fixtures/temp-app.ts';

let app: TempApp;
let slide: SlideView;
let classes: readonly RegionClass[];
before(async () => {
  app = openTempApp();
  ({ classes } = await app.createProject('Lung'));
  slide = await app.addSlide('one.tif', { patient: 'P1' });
});
after(() => app.close());

const square = (x: number, y: number, side = 64): AnnotationEdit['geometry'] => [
  boxPolygon({ x, y, width: side, height: side }),
];
const nothing: ChangeSet = { created: [], updated: [], deleted: [] };
const change = (part: Partial<ChangeSet>, id = slide.id) =>
  app.ask<{ annotations: Annotation[]; warnings: string[] }>('POST', `/api/slides/${id}/annotations`, {
    change: { ...nothing, ...part },
  });
const listed = async (): Promise<Annotation[]> =>
  (await app.ask<{ annotations: Annotation[] }>('GET', `/api/slides/${slide.id}/annotations`)).body.annotations;
const edit = (geometry = square(64, 128)): AnnotationEdit => ({ id: randomUUID(), classId: classes[0]!.id, geometry });

test('a region is acknowledged when it is on disk: another connection reads it', async () => {
  const region = edit();
  const { status, body } = await change({ created: [region] });
  assert.equal(status, 200);
  assert.deepEqual(
    body.annotations.map(({ id, revision, author }) => [id, revision, author]),
    [[region.id, 1, 'ada']],
  );
  const database = new Database(join(app.folder, 'documents', 'Lung.eosin', 'project.sqlite'), { readonly: true });
  const rows = database.prepare('SELECT count(*) AS n FROM annotations WHERE id = ?').get(region.id) as { n: number };
  database.close();
  assert.equal(rows.n, 1);
  assert.deepEqual((await listed())[0]?.geometry, region.geometry);
});

test('out of bounds is 422, a stale edit 409, an unknown slide 404, a bad body 400; nothing of them is kept', async () => {
  const before = await listed();
  const beyond = edit(square(tissueSize.widthPx - 10, 100));
  await app.refused(change({ created: [edit(square(10, 200)), beyond] }), 422, 'annotation/out-of-bounds');
  await app.refused(
    change({
      created: [
        edit([
          [
            [
              [0, 0],
              [5, 5],
            ],
          ],
        ]),
      ],
    }),
    422,
    'annotation/degenerate',
  );
  const [known] = before;
  const seen = { id: known!.id, classId: known!.classId, geometry: known!.geometry };
  const moved = { ...seen, geometry: square(80, 140) };
  assert.equal((await change({ updated: [{ before: seen, after: moved }] })).body.annotations[0]?.revision, 2);
  const stale = await change({ updated: [{ before: seen, after: { ...seen, geometry: square(90, 150) } }] });
  assert.equal(stale.status, 409);
  await app.refused(change({ created: [edit()] }, 'nobody'), 404, 'slide/unknown');
  await app.refused(change({ created: [{ ...edit(), id: 'not-a-uuid' }] }), 400, 'api/invalid');
  const after = await listed();
  assert.equal(after.length, before.length);
  assert.deepEqual(after[0]?.geometry, moved.geometry);
  const history = await app.ask<{ history: unknown[] }>('GET', `/api/annotations/${known!.id}/history`);
  assert.equal(history.body.history.length, 2);
});

test('a region on bare glass is taken and said, once the tissue is known', async () => {
  await app.send('GET', `/api/slides/${slide.id}/tissue`);
  const glass = edit(square(0, 0, glassPx - 16));
  const { body } = await change({ created: [glass] });
  assert.match(body.warnings[0]!, /off the tissue/);
  assert.equal((await change({ deleted: [glass] })).status, 200);
});

test('GeoJSON that went out comes in again on another slide of the same size, class by class', async () => {
  const out = await app.send('GET', `/api/slides/${slide.id}/annotations.geojson`);
  assert.equal(out.headers.get('content-type'), 'application/geo+json');
  const text = await out.text();
  const two = await app.addSlide('two.tif', { patient: 'P2' });
  const route = `/api/slides/${two.id}/annotations`;
  const imported = await app.send('POST', `${route}/import`, text);
  const report = (await imported.json()) as { kept: number; refused: string[]; warnings: string[] };
  assert.deepEqual([report.kept, report.refused, report.warnings], [(await listed()).length, [], []]);
  const there = (await app.ask<{ annotations: Annotation[] }>('GET', route)).body.annotations;
  const shape = ({ classId, geometry }: Annotation) => ({ classId, geometry });
  assert.deepEqual(there.map(shape), (await listed()).map(shape));
});

test('a file is imported by its handle; one of another format or another slide is refused', async () => {
  const route = `/api/slides/${slide.id}/annotations/import`;
  const feature = (geometry: AnnotationEdit['geometry'], name: string) => ({
    type: 'Feature',
    properties: { objectType: 'annotation', classification: { name } },
    geometry: { type: 'Polygon', coordinates: [[...geometry[0]![0]!, geometry[0]![0]![0]]] },
  });
  const write = (name: string, features: unknown[]): string => {
    writeFileSync(join(app.folder, name), JSON.stringify({ type: 'FeatureCollection', features }));
    return app.handle(name);
  };
  const glass = write('glass.geojson', [feature(square(8, 8, 40), 'Fat')]);
  const report = await app.ask<{ kept: number; warnings: string[] }>('POST', route, { handle: glass });
  assert.equal(report.body.kept, 1);
  assert.ok(report.body.warnings.some((warning) => /class Fat was added/.test(warning)));
  assert.ok(report.body.warnings.some((warning) => /off the tissue/.test(warning)));
  const far = write('far.geojson', [feature(square(9000, 9000), 'Fat')]);
  await app.refused(app.ask('POST', route, { handle: far }), 422, 'annotation/out-of-bounds');
  writeFileSync(join(app.folder, 'words.geojson'), 'words');
  await app.refused(app.ask('POST', route, { handle: app.handle('words.geojson') }), 422, 'annotation/unknown-format');
  await app.refused(app.ask('POST', route, { handle: app.handle('none.geojson') }), 404, 'file/missing');
  await app.refused(app.ask('POST', route, { handle: 'unknown' }), 404, 'place/unknown');
});

test('classes are renamed and added; one that regions carry stays', async () => {
  const now = (await app.ask<ProjectView>('GET', '/api/project')).body.classes;
  const extra: RegionClass = { ...now[0]!, id: randomUUID(), name: 'Vessel', letter: 'V', key: 9 };
  const renamed = now.map((one, i) => (i === 0 ? { ...one, name: 'Carcinoma' } : one));
  const saved = await app.ask<{ classes: RegionClass[] }>('PUT', '/api/classes', { classes: [...renamed, extra] });
  assert.equal(saved.status, 200, JSON.stringify(saved.body));
  assert.deepEqual(
    saved.body.classes.map(({ name }) => name),
    [...renamed, extra].map(({ name }) => name),
  );
  const without = saved.body.classes.filter(({ name }) => name !== 'Carcinoma');
  await app.refused(app.ask('PUT', '/api/classes', { classes: without }), 409, 'class/in-use');
  await app.refused(app.ask('PUT', '/api/classes', { classes: [{ ...extra, colour: 'red' }] }), 400, 'api/invalid');
});

test('a pinned patient is where a person put it; plan and preview tell what training would get', async () => {
  const two = (await app.ask<ProjectView>('GET', '/api/project')).body.slides.find(({ name }) => name === 'two.tif')!;
  for (const id of [slide.id, two.id])
    for (const [i, geometry] of [glandRegion, stromaRegion].entries())
      assert.equal(
        (await change({ created: [{ id: randomUUID(), classId: classes[i]!.id, geometry }] }, id)).status,
        200,
      );
  const pin = (patient: string, part: string) =>
    app.ask<{ split: PatientPart[] }>('PUT', '/api/split', { patient, part });
  await pin('P1', 'train');
  const { body } = await pin('P2', 'validation');
  assert.deepEqual(
    body.split.map(({ patient, part, pinned }) => [patient, part, pinned]),
    [
      ['P1', 'train', true],
      ['P2', 'validation', true],
    ],
  );
  assert.deepEqual((await app.ask<{ split: PatientPart[] }>('GET', '/api/split')).body.split, body.split);
  await app.refused(pin('P1', 'holiday'), 400, 'api/invalid');

  const { recipes } = (await app.ask<{ recipes: { name: string; input: object }[] }>('GET', '/api/recipes')).body;
  const quick = recipes.find(({ name }) => name === 'quick')!;
  const recipe = { ...quick, input: { sizePx: 64, mpp: 0.5 } };
  const plan = await app.ask<PlanSummary>('POST', '/api/patches/plan', { recipe });
  assert.equal(plan.status, 200, JSON.stringify(plan.body));
  assert.equal(plan.body.sizePx, 64);
  assert.ok(plan.body.classes[0]!.train > 10 && plan.body.classes[0]!.validation > 10);
  await app.refused(app.ask('POST', '/api/patches/plan', { recipe: 'slow' }), 400, 'recipe/unknown');
  await app.refused(app.ask('POST', '/api/patches/plan', { recipe: { ...recipe, speed: 9 } }), 400, 'api/invalid');

  interface Preview {
    readonly patches: readonly { slideId: string; x: number; y: number; sizePx: number; downsample: number }[];
    readonly total: number;
  }
  const preview = await app.ask<Preview>('GET', `/api/patches/preview?classId=${classes[0]!.id}&count=1`);
  assert.equal(preview.status, 200, JSON.stringify(preview.body));
  assert.ok(preview.body.total >= 2 && preview.body.patches.length === 1);
  const [patch] = preview.body.patches;
  assert.deepEqual([patch!.x, patch!.sizePx, patch!.downsample], [0, 224, 1], 'in the gland, the left half');

  // A row of each class; the first column is the patch as it was cut, the others differ from it.
  const asked = JSON.stringify({ recipe, patches: 2, views: 3 });
  const sheet = await app.send('POST', '/api/patches/variations', asked);
  assert.equal(sheet.headers.get('content-type'), 'image/jpeg');
  const { data, info } = await sharp(await sheet.arrayBuffer())
    .raw()
    .toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height], [3 * 64 + 2 * 4, 2 * 64 + 4]);
  const cell = (column: number, row: number): number[] => {
    const pixels: number[] = [];
    for (let y = 8; y < 56; y++)
      for (let x = 8; x < 56; x++) pixels.push(data[((row * 68 + y) * info.width + column * 68 + x) * 3]!);
    return pixels;
  };
  const apart = (a: number[], b: number[]): number =>
    a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
  for (const row of [0, 1]) assert.ok(apart(cell(0, row), cell(1, row)) > 2, `row ${row} is varied`);
  const plain = JSON.stringify({ recipe: { ...recipe, augment: null }, patches: 2, views: 3 });
  const same = await sharp(await (await app.send('POST', '/api/patches/variations', plain)).arrayBuffer())
    .raw()
    .toBuffer();
  for (let i = 0; i < 64 * 3; i += 97) assert.ok(Math.abs(same[i]! - same[i + 68 * 3]!) < 40);
  await app.refused(app.ask('POST', '/api/patches/variations', { recipe, views: 99 }), 400, 'api/invalid');
});
