/** Files that are searched for, that move, that are replaced and that vanish, through the routes as the window asks them. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import type { ProjectView, SlideView } from '../../app/core/project.ts';
import type { SlideInfo } from '../../app/core/slide.ts';
import { writeDicom } from '../fixtures/dicom-writer.ts';
import { writeTissueSlide } from '../fixtures/tissue-slide.ts';
import { openTempApp, type TempApp } from './fixtures/temp-app.ts';

let app: TempApp;
before(async () => {
  app = openTempApp();
  await app.createProject('Files');
});
after(() => app.close());

const file = (...names: string[]): string => join(app.folder, ...names);
const project = async (): Promise<ProjectView> => (await app.ask<ProjectView>('GET', '/api/project')).body;
const slideOf = async (id: string): Promise<SlideView> =>
  (await app.ask<{ slide: SlideView }>('GET', `/api/slides/${id}`)).body.slide;

type Event = { type: string; [key: string]: unknown };

/** Every event of a streaming route. */
async function events(route: string, body: unknown): Promise<Event[]> {
  const response = await app.send('POST', route, JSON.stringify(body));
  assert.equal(response.status, 200);
  const lines = (await response.text()).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Event);
}
const ofType = (all: readonly Event[], type: string): Event[] => all.filter((event) => event.type === type);

test('a tree of folders: every slide once, DICOM series as wholes, the rest by name and reason', async () => {
  mkdirSync(file('tree', 'case', 'one slide'), { recursive: true });
  mkdirSync(file('tree', 'two series'));
  mkdirSync(file('tree', 'Other.eosin'));
  await writeTissueSlide(file('tree', 'a.tif'), { seed: 'a' });
  await writeTissueSlide(file('tree', 'case', 'b.TIFF'), { seed: 'b' });
  await writeTissueSlide(file('tree', 'Other.eosin', 'heatmap.tif'), { seed: 'heatmap' });
  copyFileSync(file('tree', 'a.tif'), file('tree', 'case', 'copy of a.tif'));
  const dicom = (uid: string, series: string, widthPx: number) => writeDicom({ widthPx, heightPx: 90, uid, series });
  writeFileSync(file('tree', 'case', 'one slide', '1.dcm'), await dicom('2.25.1', '2.25.10', 160));
  writeFileSync(file('tree', 'case', 'one slide', '2.dcm'), await dicom('2.25.2', '2.25.10', 80));
  writeFileSync(file('tree', 'two series', 'x1.dcm'), await dicom('2.25.3', '2.25.20', 130));
  writeFileSync(file('tree', 'two series', 'x2.dcm'), await dicom('2.25.4', '2.25.20', 70));
  writeFileSync(file('tree', 'two series', 'y.dcm'), await dicom('2.25.5', '2.25.30', 190));
  writeFileSync(file('tree', 'words.svs'), 'no slide');
  writeFileSync(file('tree', 'old.mrxs'), 'no slide');
  writeFileSync(file('tree', 'notes.txt'), 'words');
  writeFileSync(file('tree', 'label.png'), 'a picture');
  const all = await events('/api/slides/import', { handles: [app.handle('tree')], patient: 'P1' });
  assert.deepEqual(
    ofType(all, 'added').map(({ slide }) => (slide as SlideView).name),
    ['a.tif', 'b.TIFF', 'one slide', 'x1.dcm', 'y.dcm'],
  );
  assert.deepEqual(
    ofType(all, 'duplicate').map(({ name, as }) => [name, as]),
    [[join('tree', 'case', 'copy of a.tif'), 'a.tif']],
  );
  assert.deepEqual(
    ofType(all, 'refused').map(({ name, error }) => [name, (error as { code: string }).code]),
    [
      [join('tree', 'old.mrxs'), 'slide/unsupported'],
      [join('tree', 'words.svs'), 'slide/not-tiff'],
    ],
  );
  const { type, ...done } = all.at(-1)!;
  assert.equal(type, 'done');
  assert.deepEqual(done, { done: 8, total: 8, added: 5, relinked: 0, duplicates: 1, refused: 2, pictures: 1 });
  for (const { done: so, total } of ofType(all, 'progress')) assert.ok((so as number) <= (total as number));
  const { slides } = await project();
  assert.deepEqual([slides.length, new Set(slides.map(({ patient }) => patient)).size], [5, 1]);
  // Again: nothing is read twice into the project.
  const again = (await events('/api/slides/import', { handles: [app.handle('tree')] })).at(-1)!;
  assert.deepEqual([again.added, again.duplicates, again.refused], [0, 6, 2]);
});

test('a reader who leaves ends the search; what was added stays', async () => {
  mkdirSync(file('many'));
  for (let i = 0; i < 12; i++) await writeTissueSlide(file('many', `m${i}.tif`), { seed: `m${i}` });
  const before_ = (await project()).slides.length;
  const response = await app.send('POST', '/api/slides/import', JSON.stringify({ handles: [app.handle('many')] }));
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (let added = 0; added < 2; ) {
    const { value } = await reader.read();
    added += value!.split('"type":"added"').length - 1;
  }
  await reader.cancel();
  const now = (await project()).slides.length - before_;
  assert.ok(now >= 2 && now < 12, `${now} of 12 were added`);
  // Another request is answered while a later import runs.
  const rest = events('/api/slides/import', { handles: [app.handle('many')] });
  assert.equal((await app.ask('GET', '/api/app')).status, 200);
  assert.equal((await rest).at(-1)!.added, 12 - now);
});

test('moved slides are found in one go, renamed ones too; what only looks like one is not taken', async () => {
  const { slides } = await project();
  const find = (name: string): SlideView => slides.find((slide) => slide.name === name)!;
  mkdirSync(file('elsewhere', 'deep'), { recursive: true });
  renameSync(file('tree', 'a.tif'), file('elsewhere', 'deep', 'a.tif'));
  rmSync(file('tree', 'case', 'copy of a.tif'));
  renameSync(file('tree', 'case', 'b.TIFF'), file('elsewhere', 'renamed.tif'));
  renameSync(file('tree', 'case', 'one slide'), file('elsewhere', 'deep', 'one slide'));
  rmSync(file('many', 'm3.tif'));
  await writeTissueSlide(file('elsewhere', 'm3.tif'), { seed: 'another' });
  const all = await events('/api/slides/relink', { folder: app.handle('elsewhere') });
  assert.deepEqual(
    ofType(all, 'found').map(({ slide }) => (slide as SlideView).name),
    ['a.tif', 'b.TIFF', 'one slide'],
  );
  assert.deepEqual(
    ofType(all, 'not-found').map(({ name, tried }) => [name, (tried as number) > 0]),
    [['m3.tif', true]],
  );
  assert.deepEqual(all.at(-1), { type: 'done', found: 3, total: 4 });
  for (const name of ['a.tif', 'b.TIFF', 'one slide']) assert.equal((await slideOf(find(name).id)).status, 'ready');
  assert.equal((await slideOf(find('m3.tif').id)).status, 'missing');
});

test('a folder that is added links the missing slides that it holds', async () => {
  mkdirSync(file('found'));
  await writeTissueSlide(file('found', 'm3 again.tif'), { seed: 'm3' });
  const all = await events('/api/slides/import', { handles: [app.handle('found')] });
  assert.equal((ofType(all, 'relinked')[0]!.slide as SlideView).name, 'm3.tif');
  assert.equal(all.at(-1)!.added, 0);
});

test('another file in a slide’s place is refused at once, said, and shown only as what it is', async () => {
  const slide = await app.addSlide('place.tif');
  const tile = `/api/slides/${slide.id}/tiles/0/1/2`;
  assert.equal((await app.send('GET', tile)).status, 200);
  renameSync(file('place.tif'), file('kept.tif'));
  await writeTissueSlide(file('place.tif'), { seed: 'another' });
  await app.refused(app.ask('GET', tile), 409, 'slide/changed');
  await app.refused(app.ask('GET', `/api/slides/${slide.id}/thumbnail`), 409, 'slide/changed');
  await app.refused(app.ask('GET', `/api/slides/${slide.id}/tissue`), 409, 'slide/changed');
  const { slides } = (await app.ask<{ slides: SlideView[] }>('POST', '/api/slides/check')).body;
  assert.equal(slides.find(({ id }) => id === slide.id)!.status, 'changed');
  const other = (await app.ask<SlideInfo>('GET', `/api/slides/${slide.id}/other`)).body;
  assert.notEqual(other.fingerprint, slide.info.fingerprint);
  assert.equal((await app.send('GET', `${tile}?file=${other.fingerprint}`)).status, 200);
  await app.refused(app.ask('GET', `${tile}?file=${slide.info.fingerprint}`), 409, 'slide/changed');
  renameSync(file('kept.tif'), file('place.tif'));
  assert.equal((await app.ask<SlideView>('POST', `/api/slides/${slide.id}/check`)).body.status, 'ready');
  assert.equal((await app.send('GET', tile)).status, 200);
});

test('one file of a DICOM folder that is replaced makes another slide of it', async () => {
  const slide = (await project()).slides.find(({ name }) => name === 'one slide')!;
  const part = file('elsewhere', 'deep', 'one slide', '2.dcm');
  const tile = `/api/slides/${slide.id}/tiles/0/0/0`;
  assert.equal((await app.send('GET', tile)).status, 200);
  const sound = readFileSync(part);
  writeFileSync(
    part,
    await writeDicom({ widthPx: 80, heightPx: 90, uid: '2.25.2', series: '2.25.10', paint: () => [9, 9, 9] }),
  );
  await app.refused(app.ask('GET', tile), 409, 'slide/changed');
  assert.equal((await app.ask<SlideView>('POST', `/api/slides/${slide.id}/check`)).body.status, 'changed');
  writeFileSync(part, sound);
  assert.equal((await app.ask<SlideView>('POST', `/api/slides/${slide.id}/check`)).body.status, 'ready');
  assert.equal((await app.send('GET', tile)).status, 200);
});

test('a folder that goes away in the middle of reading and comes back: one error, other slides go on, no restart', async () => {
  mkdirSync(file('drive'));
  const slide = await app.addSlide(join('drive', 'far.tif'));
  const near = await app.addSlide('near.tif');
  const tile = (id: string, n: number): string => `/api/slides/${id}/tiles/0/${n % 8}/${Math.floor(n / 8)}`;
  const reading = Array.from({ length: 48 }, (_, n) => app.send('GET', tile(slide.id, n)));
  renameSync(file('drive'), file('gone'));
  for (const answer of await Promise.all(reading)) assert.ok([200, 404].includes(answer.status), `${answer.status}`);
  await app.refused(app.ask('GET', tile(slide.id, 3)), 404, 'slide/missing');
  await app.refused(app.ask('POST', `/api/slides/${slide.id}/check`), 404, 'slide/missing');
  assert.equal((await slideOf(slide.id)).status, 'missing');
  assert.equal((await app.send('GET', tile(near.id, 3))).status, 200);
  renameSync(file('gone'), file('drive'));
  assert.equal((await slideOf(slide.id)).status, 'ready');
  assert.equal((await app.send('GET', tile(slide.id, 3))).status, 200);
});

test('a file that is cut off while it is open is one error, and whole again when it is put back', async () => {
  const slide = await app.addSlide('cut.tif');
  const tile = `/api/slides/${slide.id}/tiles/0/7/5`;
  assert.equal((await app.send('GET', tile)).status, 200);
  const whole = readFileSync(file('cut.tif'));
  truncateSync(file('cut.tif'), whole.length / 2);
  const { status } = await app.ask('GET', tile);
  assert.equal(status, 422);
  writeFileSync(file('cut.tif'), whole);
  assert.equal((await app.send('GET', tile)).status, 200);
});

test('levels that must be made are told as they are made, once; the making can be stopped', async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const;
  const draw = (name: string, width: number): Promise<unknown> =>
    sharp({ create: { width, height: 3000, channels: 3, background: '#fff', noise } })
      .png({ compressionLevel: 1 })
      .toFile(file(name));
  await Promise.all([draw('small.png', 1500), draw('large.png', 4000)]);
  const added = (name: string) =>
    app.ask<{ added: SlideView[] }>('POST', '/api/slides', { handles: [app.handle(name)] });
  const [small, large] = [(await added('small.png')).body.added[0]!, (await added('large.png')).body.added[0]!];
  const told = await events(`/api/slides/${small.id}/prepare`, {});
  assert.deepEqual(told.at(-1), { type: 'done' });
  if (process.platform === 'linux') assert.ok(ofType(told, 'progress').length > 0);
  assert.deepEqual(await events(`/api/slides/${small.id}/prepare`, {}), [{ type: 'done' }]);
  const response = await app.send('POST', `/api/slides/${large.id}/prepare`, '{}');
  const lines = response.text();
  while ((await app.ask('DELETE', `/api/slides/${large.id}/prepare`)).status === 200) {
    const ended = await Promise.race([lines, new Promise<null>((resolve) => setTimeout(resolve, 50, null))]);
    if (ended === null) continue;
    assert.match(ended, /"cancelled"/);
    break;
  }
  // Whoever wants the slide later has it.
  assert.deepEqual((await events(`/api/slides/${large.id}/prepare`, {})).at(-1), { type: 'done' });
});
