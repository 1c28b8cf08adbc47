/** The one way to a connection: every pragma that the safety of data rests on is set and read back before anyone gets it. */
import Database from 'better-sqlite3';
import { EosinError } from '../core/errors.ts';
import { storageError } from './storage-error.ts';

export type Sqlite = Database.Database;

/** 'EosP' in the file's header says that the file is a project of Eosin. */
export const applicationId = 0x456f7350;

/** 3.51.3 mends a race between a WAL reset and a reader that could lose a commit. */
const oldestSqlite = [3, 51, 3] as const;

/** [name, value to set, value that must be read back]; `fullfsync` only does something on macOS, where plain fsync does not reach the disk. */
const pragmas: readonly (readonly [name: string, value: string | number, readBack: string | number])[] = [
  ['trusted_schema', 'OFF', 0],
  ['cell_size_check', 'ON', 1],
  ['mmap_size', 0, 0],
  ['busy_timeout', 5000, 5000],
  ['foreign_keys', 'ON', 1],
  ['recursive_triggers', 'ON', 1],
  ['synchronous', 'FULL', 2],
  ['fullfsync', 'ON', 1],
  ['checkpoint_fullfsync', 'ON', 1],
  ['wal_autocheckpoint', 1000, 1000],
  ['journal_size_limit', 64 * 1024 * 1024, 64 * 1024 * 1024],
];

/**
 * Opens a connection with the asserted pragmas: WAL, synchronous FULL (better-sqlite3 would take NORMAL, which can lose
 * commits when the power fails), foreign keys on, no trust in the file's own schema.
 *
 * Throws `project/unsafe-storage` when SQLite is older than 3.51.3 or a pragma does not stick.
 */
export function openDatabase(file: string, options: { readonly?: boolean; create?: boolean } = {}): Sqlite {
  const readonly = options.readonly ?? false;
  let db: Sqlite | undefined;
  try {
    db = new Database(file, { readonly, fileMustExist: !(options.create ?? false), timeout: 5000 });
    refuseOldSqlite(db);
    for (const [name, value, readBack] of pragmas) assertPragma(db, name, value, readBack);
    if (!readonly) assertPragma(db, 'journal_mode', 'WAL', 'wal');
    return db;
  } catch (thrown) {
    db?.close();
    throw storageError(thrown);
  }
}

/** The pragmas as this connection has them now; a test compares them. */
export function readPragmas(db: Sqlite): Record<string, unknown> {
  const names = [...pragmas.map(([name]) => name), 'journal_mode', 'application_id', 'user_version'];
  return Object.fromEntries(names.map((name) => [name, readPragma(db, name)]));
}

function assertPragma(db: Sqlite, name: string, value: string | number, expected: string | number): void {
  db.pragma(`${name} = ${value}`);
  const found = readPragma(db, name);
  if (found !== expected) throw unsafe(`SQLite keeps ${name} at ${found} instead of ${expected}.`);
}

function readPragma(db: Sqlite, name: string): unknown {
  return db.pragma(name, { simple: true });
}

function refuseOldSqlite(db: Sqlite): void {
  const version = db.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '0';
  const parts = version.split('.').map(Number);
  const first = oldestSqlite.findIndex((least, i) => parts[i] !== least);
  if (first >= 0 && (parts[first] ?? 0) < oldestSqlite[first]!) throw unsafe(`SQLite ${version} is too old.`);
}

function unsafe(what: string): EosinError {
  return new EosinError(
    'project/unsafe-storage',
    'config',
    `The project's database cannot be kept safe here: ${what}`,
    {
      remedy: 'Install Eosin again, and keep projects on a local disk.',
    },
  );
}
