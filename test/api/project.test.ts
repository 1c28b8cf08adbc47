import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ProjectView } from '../../app/core/project.ts';
import { openTempApp, type TempApp } from './fixtures/temp-app.ts';

let app: TempApp;
before(() => {
  app = openTempApp();
});
after(() => app.close());

interface AppInfo {
  readonly version: string;
  readonly host: string;
  readonly hasDialogs: boolean;
  readonly researchUseOnly: string;
  readonly recents: readonly { handle: string; name: string }[];
  readonly projectOpen: boolean;
}
const appInfo = async (): Promise<AppInfo> => (await app.ask<AppInfo>('GET', '/api/app')).body;

test('without a project its routes are 404 with a way out', async () => {
  const info = await appInfo();
  assert.equal(info.projectOpen, false);
  assert.equal(info.host, 'cli');
  assert.equal(info.hasDialogs, false);
  assert.match(info.researchUseOnly, /research use only/i);
  for (const route of ['/api/project', '/api/runs', '/api/slides/x/annotations', '/api/split', '/api/models'])
    await app.refused(app.ask('GET', route), 404, 'project/none-open');
});

test('a project is created where new ones are offered, closed, and opened again from the recent ones', async () => {
  const made = await app.createProject('Lung');
  assert.deepEqual([made.name, made.slides.length, made.classes.length > 0], ['Lung', 0, true]);
  assert.ok(existsSync(join(app.folder, 'documents', 'Lung.eosin', 'project.sqlite')));
  assert.equal((await appInfo()).projectOpen, true);
  assert.equal((await app.ask('POST', '/api/project/close')).status, 200);
  await app.refused(app.ask('GET', '/api/project'), 404, 'project/none-open');

  const [recent] = (await appInfo()).recents;
  assert.equal(recent?.name, 'Lung');
  const opened = await app.ask<ProjectView>('POST', '/api/project/open', { handle: recent!.handle });
  assert.equal(opened.status, 200);
  assert.equal(opened.body.id, made.id);
});

test('a name that is taken, a folder that is no project, an unknown handle and bad bodies are told apart', async () => {
  await app.refused(app.ask('POST', '/api/project/create', { name: 'Lung' }), 409, 'project/exists');
  mkdirSync(join(app.folder, 'plain'));
  await app.refused(
    app.ask('POST', '/api/project/open', { handle: app.handle('plain') }),
    404,
    'project/not-a-project',
  );
  assert.equal((await app.ask<ProjectView>('GET', '/api/project')).body.name, 'Lung', 'the open project stays open');
  await app.refused(app.ask('POST', '/api/project/open', { handle: 'nobody-gave-this' }), 404, 'place/unknown');
  await app.refused(app.ask('POST', '/api/project/open', { handle: '/etc/passwd' }), 404, 'place/unknown');
  const error = await app.refused(app.ask('POST', '/api/project/create', { name: ' ' }), 400, 'api/invalid');
  assert.equal(error.fields.field, 'name');
  await app.refused(app.ask('POST', '/api/project/create', { name: 'x', path: '/tmp' }), 400, 'api/invalid');
  const broken = await app.send('POST', '/api/project/create', '{"name":');
  assert.equal(broken.status, 400);
  assert.equal(((await broken.json()) as { error: { code: string } }).error.code, 'api/invalid');
  await app.refused(app.ask('GET', '/api/nothing'), 404, 'api/no-route');
});

test('of two openings at once the first is closed again: no project is left locked', async () => {
  await app.createProject('One');
  await app.createProject('Two');
  await app.ask('POST', '/api/project/close');
  const handles = ['One', 'Two'].map((name) => app.handle(`documents/${name}.eosin`));
  const answers = await Promise.all(handles.map((handle) => app.ask('POST', '/api/project/open', { handle })));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  );
  for (const handle of handles) assert.equal((await app.ask('POST', '/api/project/open', { handle })).status, 200);
  assert.equal((await app.ask('POST', '/api/project/open', { handle: handles[1] })).status, 200, 'again, while open');
});

test('a data folder that cannot be written costs the recent list, not the project', async (t) => {
  const other = openTempApp();
  t.after(() => other.close());
  writeFileSync(join(other.folder, 'data'), 'a file where the folder should be');
  const { name } = await other.createProject('Kept');
  assert.equal(name, 'Kept');
  assert.equal((await other.ask('GET', '/api/project')).status, 200);
});

test('places are handles with names and kinds; hidden files are not listed', async () => {
  const folder = join(app.folder, 'place');
  mkdirSync(join(folder, 'inner'), { recursive: true });
  mkdirSync(join(folder, 'P.eosin'));
  for (const name of ['a.svs', 'b.geojson', 'notes.txt', '.secret']) writeFileSync(join(folder, name), 'x');
  interface Listing {
    readonly name: string;
    readonly parent: string | null;
    readonly entries: readonly { handle: string; name: string; kind: string; bytes: number }[];
  }
  const { body } = await app.ask<Listing>('GET', `/api/places?at=${app.handle('place')}`);
  assert.deepEqual(
    body.entries.map(({ name, kind, bytes }) => [name, kind, bytes]),
    [
      ['inner', 'folder', 0],
      ['a.svs', 'slide', 1],
      ['b.geojson', 'annotations', 1],
      ['notes.txt', 'file', 1],
      ['P.eosin', 'project', 0],
    ],
  );
  const up = await app.ask<Listing>('GET', `/api/places?at=${body.parent}`);
  assert.ok(up.body.entries.some(({ name }) => name === 'place'));
  const inner = body.entries.find(({ name }) => name === 'inner')!;
  assert.equal((await app.ask<Listing>('GET', `/api/places?at=${inner.handle}`)).body.name, 'inner');
  assert.equal((await app.ask('GET', '/api/places')).status, 200);
  await app.refused(app.ask('GET', '/api/places?at=/etc'), 404, 'place/unknown');
  await app.refused(app.ask('GET', `/api/places?at=${app.handle('place/notes.txt')}`), 422, 'place/unreadable');
  await app.refused(app.ask('POST', '/api/places/dialog', { purpose: 'slides' }), 501, 'place/no-dialogs');
  await app.refused(app.ask('POST', '/api/places/grant', { dropped: '/etc/passwd' }), 404, 'place/not-granted');
});

// Drawing all of it takes longer than this.
test('a reader who leaves stops the drawing of the example, and nothing half made is left', {
  timeout: 8000,
}, async () => {
  const response = await app.send('POST', '/api/project/example');
  assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
  const reader = response.body!.getReader();
  const first = new TextDecoder().decode((await reader.read()).value);
  assert.equal((JSON.parse(first.split('\n')[0]!) as { type: string }).type, 'progress', first);
  await reader.cancel();
  await app.allEnded('demo');
  const folder = join(app.folder, 'documents', 'Eosin example');
  assert.ok(!existsSync(join(folder, 'Example.eosin')));
  const whole = readdirSync(join(folder, 'slides')).filter((name) => /\.tiff?$/.test(name));
  assert.deepEqual(whole, []);
});
