import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, renameSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type App, createApp } from '../app/app.ts';
import { commandLineHost } from '../main/node-host.ts';
import { glandRegion, writeTissueSlide } from './fixtures/tissue-slide.ts';

let folder = '';
let app: App;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'eosin-workspace-'));
  app = createApp({ ...commandLineHost(), dataFolder: join(folder, 'data'), cacheFolder: join(folder, 'cache') });
});
after(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Spoils pages that an opening touches only when it looks at all of them. */
function damage(project: string): void {
  const path = join(project, 'project.sqlite');
  const file = openSync(path, 'r+');
  const page = 4096;
  for (let at = 20 * page; at < statSync(path).size; at += 7 * page) writeSync(file, Buffer.alloc(64, 0xff), 0, 64, at);
  closeSync(file);
}

test('every page is looked at when a project is new here, and not each time after that', async () => {
  const { workspace, pool } = app.services;
  const made = await workspace.create(folder, 'Lung', ['Gland']);
  await writeTissueSlide(join(folder, 'a.tif'));
  const absolutePath = join(folder, 'a.tif');
  const slide = made.slides.add({ absolutePath, info: await pool.describe(absolutePath) });
  const created = Array.from({ length: 400 }, (_, i) => ({ id: `r${i}`, classId: null, geometry: glandRegion }));
  const slideSize = made.slides.info(slide.id);
  made.annotations.apply(slide.id, { created, updated: [], deleted: [] }, { author: 'ada', slideSize });
  await workspace.close();
  damage(made.folder);
  assert.equal((await workspace.open(made.folder)).id, made.id, 'one of the recent projects');
  await assert.rejects(workspace.close(), { code: 'project/damaged' }, 'met at the latest when it is closed');
  const moved = join(folder, 'From elsewhere.eosin');
  renameSync(made.folder, moved);
  await assert.rejects(workspace.open(moved), { code: 'project/damaged' });
});

test('a project can be closed while its touched slides are read again', async () => {
  const { workspace, pool } = app.services;
  const made = await workspace.create(folder, 'Touched', ['Gland']);
  for (const name of ['b.tif', 'c.tif', 'd.tif']) {
    const absolutePath = join(folder, name);
    await writeTissueSlide(absolutePath, { seed: name });
    made.slides.add({ absolutePath, info: await pool.describe(absolutePath) });
    utimesSync(absolutePath, new Date(0), new Date(0));
  }
  await workspace.close();
  const again = await workspace.open(made.folder);
  const ids = again.slides.list().map(({ id }) => id);
  assert.ok(ids.every((id) => again.slides.needsCheck(id)));
  await workspace.close();
  const last = await workspace.open(made.folder);
  assert.ok(
    ids.some((id) => last.slides.needsCheck(id)),
    'the first look ended with the project',
  );
});
