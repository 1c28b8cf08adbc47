import assert from 'node:assert/strict';
import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import type { ErrorReport } from '../../app/core/errors.ts';
import type { ProjectView, SlideView } from '../../app/core/project.ts';
import { tissuePainter, tissueSize } from '../fixtures/tissue-slide.ts';
import { openTempApp, type TempApp } from './fixtures/temp-app.ts';

let app: TempApp;
before(async () => {
  app = openTempApp();
  await app.createProject('Lung');
});
after(() => app.close());

const project = async (): Promise<ProjectView> => (await app.ask<ProjectView>('GET', '/api/project')).body;

test('slides are added with what their file says; the others are refused by name, with code and way out', async () => {
  writeFileSync(join(app.folder, 'text.svs'), 'these are words');
  const first = await app.addSlide('first.tif', { patient: 'P1' });
  assert.deepEqual([first.name, first.patient, first.mppSource], ['first.tif', 'P1', 'file']);
  assert.deepEqual(first.mpp, { x: 0.5, y: 0.5 });
  assert.equal(first.info.widthPx, tissueSize.widthPx);
  const body = { handles: ['text.svs', 'gone.tif', 'first.tif'].map(app.handle) };
  const answer = await app.ask<{ added: SlideView[]; refused: { name: string; error: ErrorReport }[] }>(
    'POST',
    '/api/slides',
    body,
  );
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body.added, []);
  assert.deepEqual(
    answer.body.refused.map(({ name, error }) => [name, error.code]),
    [
      ['text.svs', 'slide/not-tiff'],
      ['gone.tif', 'slide/missing'],
      ['first.tif', 'slide/duplicate'],
    ],
  );
  assert.equal((await project()).slides.length, 1);
});

test('an unknown handle refuses the whole request: no slide is added', async () => {
  const count = (await project()).slides.length;
  await app.addSlide('second.tif');
  await app.ask('DELETE', `/api/slides/${(await project()).slides.at(-1)!.id}`);
  const handles = [app.handle('second.tif'), 'unknown'];
  await app.refused(app.ask('POST', '/api/slides', { handles }), 404, 'place/unknown');
  assert.equal((await project()).slides.length, count);
  await app.refused(app.ask('POST', '/api/slides', { handles: [] }), 400, 'api/invalid');
});

test('name, patient, stain and µm/px are edited; null goes back to the file; nonsense is refused', async () => {
  const bare = await app.addSlide('bare.tif', { mpp: null });
  assert.equal(bare.mpp, null);
  const route = `/api/slides/${bare.id}`;
  const edited = await app.ask<SlideView>('PATCH', route, { patient: 'P2', stain: 'H&E', scanner: 'S', mppUm: 0.25 });
  const { patient, stain, scanner, mpp, mppSource } = edited.body;
  assert.deepEqual([patient, stain, scanner, mpp, mppSource], ['P2', 'H&E', 'S', { x: 0.25, y: 0.25 }, 'hand']);
  assert.equal((await app.ask<SlideView>('PATCH', route, { mppUm: null })).body.mpp, null);
  for (const body of [{ mppUm: -1 }, { mppUm: 'many' }, { name: '' }, { colour: 'red' }])
    await app.refused(app.ask('PATCH', route, body), 400, 'api/invalid');
  await app.refused(app.ask('PATCH', '/api/slides/nobody', { patient: 'x' }), 404, 'slide/unknown');
  const { body } = await app.ask<{ slide: SlideView; properties: Record<string, string> }>('GET', route);
  assert.equal(body.slide.patient, 'P2');
  assert.equal(typeof body.properties, 'object');
});

test('the table of slides goes out as CSV and comes back', async () => {
  const csv = await app.send('GET', '/api/slides.csv');
  assert.match(csv.headers.get('content-type')!, /^text\/csv/);
  const text = await csv.text();
  assert.match(text, /^slide,patient,stain,scanner,mpp\r\nfirst\.tif,P1,/);
  const changed = `${text.replace('first.tif,P1', 'first.tif,P7')}nobody.tif,P8,,,\r\n`;
  const answer = await app.send('PUT', '/api/slides.csv', changed, 'text/csv');
  const report = (await answer.json()) as { changed: number; refused: string[] };
  assert.equal(report.changed, 1);
  assert.equal(report.refused.length, 1);
  assert.equal((await project()).slides.find(({ name }) => name === 'first.tif')?.patient, 'P7');
  const bad = await app.send('PUT', '/api/slides.csv', 'a,b\n1,2\n', 'text/csv');
  assert.equal(bad.status, 422);
});

test('pixels: tile, region, thumbnail and tissue are pictures of the slide; what is not there is refused', async () => {
  const slide = (await project()).slides.find(({ name }) => name === 'first.tif')!;
  const picture = async (route: string, type: string): Promise<{ data: Buffer; width: number; height: number }> => {
    const response = await app.send('GET', route);
    assert.equal(response.status, 200, route);
    assert.equal(response.headers.get('content-type'), type);
    const { data, info } = await sharp(await response.arrayBuffer())
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height };
  };
  const paint = tissuePainter('first.tif');
  const near = (rgb: Buffer, expected: readonly number[]): boolean =>
    expected.every((v, i) => Math.abs(v - rgb[i]!) < 40);
  const tile = await picture(`/api/slides/${slide.id}/tiles/0/1/2`, 'image/jpeg');
  assert.equal(tile.width, slide.info.levels[0]!.tileWidthPx);
  assert.ok(near(tile.data, paint(tile.width, 2 * tile.height)));
  const region = await picture(`/api/slides/${slide.id}/region?x=300&y=200&width=40&height=30`, 'image/jpeg');
  assert.deepEqual([region.width, region.height], [40, 30]);
  assert.ok(near(region.data, paint(300, 200)));
  const thumbnail = await picture(`/api/slides/${slide.id}/thumbnail?side=128`, 'image/jpeg');
  assert.deepEqual([thumbnail.width, thumbnail.height], [128, 96]);
  const tissue = await app.send('GET', `/api/slides/${slide.id}/tissue`);
  const { downsample, automatic, cellUm } = JSON.parse(tissue.headers.get('x-tissue-map')!);
  const map = await sharp(await tissue.arrayBuffer()).metadata();
  assert.ok(Math.abs(map.width! * downsample - tissueSize.widthPx) < downsample);
  assert.deepEqual([map.channels, cellUm], [3, 8]);
  assert.ok(automatic > 0 && automatic < 60, `${automatic}`);

  for (const tail of ['tiles/9/0/0', 'tiles/0/99/0', 'tiles/0/-1/0', 'tiles/a/b/c', 'tiles/0/0.5/0'])
    await app.refused(app.ask('GET', `/api/slides/${slide.id}/${tail}`), 404, 'slide/no-such-part');
  for (const tail of ['region?x=0&y=0&width=0&height=5', 'region?x=a&y=0&width=5&height=5', 'thumbnail?side=1'])
    await app.refused(app.ask('GET', `/api/slides/${slide.id}/${tail}`), 400, 'api/invalid');
  // Looks that the slide does not have.
  await app.refused(app.ask('GET', `/api/slides/${slide.id}/tiles/0/0/0?plane=1`), 404, 'slide/no-such-part');
  await app.refused(app.ask('GET', `/api/slides/${slide.id}/thumbnail?colour=srgb`), 422, 'slide/no-profile');
  for (const tail of ['tiles/0/0/0?plane=-1', 'tiles/0/0/0?plane=x', 'thumbnail?colour=cmyk'])
    assert.equal((await app.ask('GET', `/api/slides/${slide.id}/${tail}`)).status, 400, tail);
  await app.refused(app.ask('GET', '/api/slides/nobody/thumbnail'), 404, 'slide/unknown');
});

test('a slide that was moved is missing until it is relinked, by contents and not by name', async () => {
  const slide = await app.addSlide('moving.tif', { patient: 'P3' });
  renameSync(join(app.folder, 'moving.tif'), join(app.folder, 'moved.tif'));
  copyFileSync(join(app.folder, 'first.tif'), join(app.folder, 'other.tif'));
  const status = async (): Promise<string> =>
    (await app.ask<{ slide: SlideView }>('GET', `/api/slides/${slide.id}`)).body.slide.status;
  assert.equal(await status(), 'missing');
  await app.refused(app.ask('GET', `/api/slides/${slide.id}/thumbnail`), 404, 'slide/missing');
  const relink = (name: string) => app.ask('POST', `/api/slides/${slide.id}/relink`, { handle: app.handle(name) });
  await app.refused(relink('other.tif'), 409, 'slide/other-file');
  assert.equal((await relink('moved.tif')).status, 200);
  assert.equal(await status(), 'ready');
});

test('a slide is removed with its regions; its file stays', async () => {
  const slide = await app.addSlide('leaving.tif');
  assert.equal((await app.ask('DELETE', `/api/slides/${slide.id}`)).status, 200);
  await app.refused(app.ask('GET', `/api/slides/${slide.id}`), 404, 'slide/unknown');
  await app.refused(app.ask('DELETE', `/api/slides/${slide.id}`), 404, 'slide/unknown');
  assert.equal((await app.addSlide('leaving.tif')).name, 'leaving.tif');
});
