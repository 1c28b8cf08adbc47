import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { openProject } from '../../app/project.ts';
import { slideSize, square, tempFolder, tempProject, withCode } from './temp-project.ts';

const planted = {
  trigger: 'CREATE TRIGGER planted AFTER INSERT ON slides BEGIN DELETE FROM classes; END',
  view: 'CREATE VIEW planted AS SELECT * FROM slides',
  table: 'CREATE TABLE planted (a)',
  'missing trigger': 'DROP TRIGGER audit_is_never_updated',
};

for (const [what, sql] of Object.entries(planted)) {
  test(`a project file with a strange schema is refused: ${what}`, (t) => {
    const { project } = tempProject(t);
    project.close();
    const file = new Database(join(project.folder, 'project.sqlite'));
    file.exec(sql);
    file.close();
    assert.throws(() => openProject(project.folder), withCode('project/unknown-schema'));
    assert.throws(() => openProject(project.folder, { known: true }), withCode('project/unknown-schema'));
  });
}

test('what ANALYZE leaves is not strange', (t) => {
  const { project, slide } = tempProject(t);
  project.annotations.apply(
    slide.id,
    { created: [{ id: 'a', classId: null, geometry: square(1, 1) }], updated: [], deleted: [] },
    { author: 'ada', slideSize },
  );
  project.db.sqlite.exec('ANALYZE');
  project.close();
  const again = openProject(project.folder);
  assert.equal(again.annotations.list(slide.id).length, 1);
  again.close();
});

test('a damaged page is found before the project is used', (t) => {
  const { project, slide } = tempProject(t);
  const created = Array.from({ length: 400 }, (_, i) => ({ id: `r${i}`, classId: null, geometry: square(i, i) }));
  project.annotations.apply(slide.id, { created, updated: [], deleted: [] }, { author: 'ada', slideSize });
  project.close();
  const path = join(project.folder, 'project.sqlite');
  const file = openSync(path, 'r+');
  const page = 4096;
  for (let at = 20 * page; at < statSync(path).size; at += 7 * page) writeSync(file, Buffer.alloc(64, 0xff), 0, 64, at);
  closeSync(file);
  assert.throws(() => openProject(project.folder), withCode('project/damaged'));
});

test('other files and folders are no project', (t) => {
  const folder = tempFolder(t);
  assert.throws(() => openProject(folder), withCode('project/not-a-project'));
  assert.throws(() => openProject(join(folder, 'nowhere')), withCode('project/not-a-project'));
  const other = join(folder, 'Other.eosin');
  mkdirSync(other);
  const file = new Database(join(other, 'project.sqlite'));
  file.exec('CREATE TABLE a (b)');
  file.close();
  assert.throws(() => openProject(other), withCode('project/not-a-project'));
  writeFileSync(
    join(other, 'project.sqlite'),
    'this is text, and long enough to be read as the header of a database file, is it not?',
  );
  assert.throws(() => openProject(other), withCode('project/damaged'));
});
