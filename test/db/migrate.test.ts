import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { migrate, versionOf } from '../../app/db/migrate.ts';
import { openDatabase } from '../../app/db/open-database.ts';
import { migrations } from '../../app/db/schema.ts';
import { openProject } from '../../app/project.ts';
import { tempFolder, tempProject, withCode } from './temp-project.ts';

const next = 'CREATE TABLE stains (id TEXT PRIMARY KEY) STRICT;';

test('a later migration runs after a backup that can be opened', (t) => {
  const { folder, project } = tempProject(t);
  project.close();
  const db = openDatabase(join(project.folder, 'project.sqlite'));
  t.after(() => db.close());
  const backup = migrate(db, { backupFolder: join(folder, 'backups'), migrations: [...migrations, next] });
  assert.equal(versionOf(db), migrations.length + 1);
  assert.equal(db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'stains'").pluck().get(), 1);
  const copy = openDatabase(backup!, { readonly: true });
  t.after(() => copy.close());
  assert.equal(versionOf(copy), migrations.length);
  assert.equal(copy.prepare('SELECT name FROM slides').pluck().get(), 'one.tif');
});

test('a migration that fails leaves the file as it was', (t) => {
  const { folder, project } = tempProject(t);
  project.close();
  const db = openDatabase(join(project.folder, 'project.sqlite'));
  t.after(() => db.close());
  const broken = `${next} INSERT INTO nowhere VALUES (1);`;
  assert.throws(
    () => migrate(db, { backupFolder: join(folder, 'backups'), migrations: [...migrations, broken] }),
    /nowhere/,
  );
  assert.equal(versionOf(db), migrations.length);
  assert.equal(db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'stains'").pluck().get(), 0);
  assert.equal(db.inTransaction, false);
});

test('a file that is up to date is not backed up', (t) => {
  const { folder, project } = tempProject(t);
  assert.equal(migrate(project.db.sqlite, { backupFolder: join(folder, 'backups') }), null);
  assert.deepEqual(readdirSync(folder).includes('backups'), false);
});

test('a project of a newer Eosin is refused and stays as it is', (t) => {
  const { project } = tempProject(t);
  project.db.sqlite.pragma('user_version = 99');
  project.close();
  assert.throws(() => openProject(project.folder), withCode('project/newer-version'));
  const db = openDatabase(join(project.folder, 'project.sqlite'), { readonly: true });
  t.after(() => db.close());
  assert.equal(versionOf(db), 99);
});

test('no version is skipped from an empty file on', (t) => {
  const db = openDatabase(join(tempFolder(t), 'new.sqlite'), { create: true });
  t.after(() => db.close());
  migrate(db, { backupFolder: null });
  assert.equal(versionOf(db), migrations.length);
});

test('slides of a project from before the tissue threshold keep the automatic one', (t) => {
  const { folder, project, slide } = tempProject(t);
  const file = join(folder, 'first.sqlite');
  const row = project.db.sqlite
    .prepare<[string], Record<string, unknown>>('SELECT * FROM slides WHERE id = ?')
    .get(slide.id)!;
  const db = openDatabase(file, { create: true });
  t.after(() => db.close());
  migrate(db, { backupFolder: null, migrations: migrations.slice(0, 1) });
  const columns = db.prepare<[], { name: string }>("SELECT name FROM pragma_table_info('slides')").all();
  const names = columns.map(({ name }) => name);
  assert.ok(!names.includes('tissue_threshold'));
  db.prepare(`INSERT INTO slides (${names.join()}) VALUES (${names.map((name) => `@${name}`).join()})`).run(row);
  migrate(db, { backupFolder: join(folder, 'backups') });
  assert.deepEqual(db.prepare('SELECT name, tissue_threshold, pen_is_tissue FROM slides').get(), {
    name: 'one.tif',
    tissue_threshold: null,
    pen_is_tissue: 0,
  });
});

test('runs and what they told outlive the migration that lets in further kinds', (t) => {
  const folder = tempFolder(t);
  const db = openDatabase(join(folder, 'old.sqlite'), { create: true });
  t.after(() => db.close());
  migrate(db, { backupFolder: null, migrations: migrations.slice(0, 2) });
  db.exec(`INSERT INTO runs VALUES (7, 'r1', 'train', 'done', 'T', '2026', NULL, 'm1', NULL, '{}', NULL, NULL);
    INSERT INTO run_events VALUES ('r1', 1, '2026', '{"type":"cancelled"}');`);
  migrate(db, { backupFolder: null });
  assert.deepEqual(db.prepare('SELECT number, id, model_id FROM runs').raw().all(), [[7, 'r1', 'm1']]);
  assert.deepEqual(db.prepare('SELECT run_id, seq FROM run_events').raw().all(), [['r1', 1]]);
  db.exec(
    `INSERT INTO runs VALUES (8, 'r2', 'choose-rung', 'queued', 'T', '2026', NULL, NULL, NULL, '{}', NULL, NULL)`,
  );
  assert.throws(() => db.exec(`INSERT INTO run_events VALUES ('nobody', 1, '2026', '{}')`), /FOREIGN KEY/);
  assert.deepEqual(db.pragma('foreign_key_check'), []);
});
