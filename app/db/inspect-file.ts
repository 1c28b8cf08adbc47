/**
 * The look at a project file before it is trusted: read-only, its pages checked, and its schema compared with what the
 * migrations of its version make. A trigger or view that Eosin did not write would run with the user's rights.
 */
import Database from 'better-sqlite3';
import { EosinError } from '../core/errors.ts';
import { newerVersion, versionOf } from './migrate.ts';
import { applicationId, openDatabase, type Sqlite } from './open-database.ts';
import { migrations } from './schema.ts';
import { damaged, storageError } from './storage-error.ts';

/** Tables that SQLite itself makes for ANALYZE; they hold numbers only. */
const statistics = new Set(['sqlite_stat1', 'sqlite_stat4']);

/**
 * Throws `project/not-a-project`, `project/newer-version`, `project/unknown-schema` or `project/damaged`.
 * `pages: false` leaves out the pass over every page, for a file that this installation wrote itself.
 */
export function inspectFile(file: string, options: { pages: boolean }): void {
  const db = openDatabase(file, { readonly: true });
  try {
    if (db.pragma('application_id', { simple: true }) !== applicationId) throw notAProject();
    const version = versionOf(db);
    if (version > migrations.length) throw newerVersion(version, migrations.length);
    refuseForeignSchema(db, version);
    if (options.pages) checkPages(db);
  } catch (thrown) {
    throw storageError(thrown);
  } finally {
    db.close();
  }
}

export function notAProject(): EosinError {
  return new EosinError('project/not-a-project', 'missing', 'This folder is not an Eosin project.', {
    remedy: 'Choose a folder whose name ends in .eosin, or create a new project.',
  });
}

function checkPages(db: Sqlite): void {
  const answer = db.pragma('quick_check(1)', { simple: true });
  if (answer !== 'ok') throw damaged(String(answer));
  const tree = db.prepare<[], string>("SELECT rtreecheck('annotation_index')").pluck().get();
  if (tree !== 'ok') throw damaged(String(tree));
}

function refuseForeignSchema(db: Sqlite, version: number): void {
  const expected = schemaOf(version);
  const found = readSchema(db);
  const strange = [...found].find(([name, sql]) => expected.get(name) !== sql && !statistics.has(name));
  const absent = [...expected.keys()].find((name) => !found.has(name));
  const name = strange?.[0] ?? absent;
  if (name === undefined) return;
  throw new EosinError(
    'project/unknown-schema',
    'input',
    `The project's database holds something that Eosin did not make (${name}).`,
    {
      remedy: 'Do not use this file; ask its sender for the project folder as Eosin wrote it.',
      fields: { name },
    },
  );
}

/** Name -> 'type table sql'. */
function readSchema(db: Sqlite): Map<string, string> {
  const rows = db.prepare<[], { name: string; what: string }>(
    "SELECT name, type || ' ' || tbl_name || ' ' || coalesce(sql, '') AS what FROM sqlite_schema",
  );
  return new Map(rows.all().map(({ name, what }) => [name, what]));
}

/** What the first `version` migrations make, by making it. */
function schemaOf(version: number): Map<string, string> {
  const made = new Database(':memory:');
  try {
    for (const sql of migrations.slice(0, version)) made.exec(sql);
    return readSchema(made);
  } finally {
    made.close();
  }
}
