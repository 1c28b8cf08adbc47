/** Brings a project's database to the schema of this program: one IMMEDIATE transaction a step, after a backup that was checked. */
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EosinError } from '../core/errors.ts';
import { applicationId, openDatabase, type Sqlite } from './open-database.ts';
import { migrations as ours } from './schema.ts';
import { damaged, storageError } from './storage-error.ts';

export interface MigrateOptions {
  /** Where the copy of an older file is put before it is changed; null for a file that was just made. */
  readonly backupFolder: string | null;
  /** Other migrations than the program's own; for tests of the mechanism. */
  readonly migrations?: readonly string[];
}

/**
 * Applies what is missing; each step is whole or not there (`user_version` moves inside its transaction).
 * Throws `project/newer-version` for a file of a later Eosin. Returns the backup's path, or null when none was needed.
 */
export function migrate(db: Sqlite, options: MigrateOptions): string | null {
  const migrations = options.migrations ?? ours;
  const version = versionOf(db);
  if (version > migrations.length) throw newerVersion(version, migrations.length);
  if (version === migrations.length) return null;
  const backup = version > 0 && options.backupFolder !== null ? backUp(db, options.backupFolder, version) : null;
  try {
    for (let step = version; step < migrations.length; step++) {
      db.transaction(() => {
        if (step === 0) db.pragma(`application_id = ${applicationId}`);
        db.exec(migrations[step]!);
        db.pragma(`user_version = ${step + 1}`);
      }).immediate();
    }
  } catch (thrown) {
    throw storageError(thrown);
  }
  return backup;
}

export function versionOf(db: Sqlite): number {
  return db.pragma('user_version', { simple: true }) as number;
}

export function newerVersion(found: number, known: number): EosinError {
  return new EosinError('project/newer-version', 'config', 'This project was made by a newer Eosin.', {
    remedy: 'Install the newest Eosin and open the project with it; nothing was changed.',
    fields: { found, known },
  });
}

/** VACUUM INTO and not a file copy: closing a copied file's handle would drop the POSIX locks of this process. */
function backUp(db: Sqlite, folder: string, version: number): string {
  const file = join(folder, `version-${version}-${new Date().toISOString().replaceAll(':', '-')}.sqlite`);
  try {
    mkdirSync(folder, { recursive: true });
    db.prepare('VACUUM INTO ?').run(file);
    const copy = openSync(file, 'r+');
    fsyncSync(copy);
    closeSync(copy);
    checkBackup(file, version);
  } catch (thrown) {
    rmSync(file, { force: true });
    throw storageError(thrown);
  }
  return file;
}

function checkBackup(file: string, version: number): void {
  const copy = openDatabase(file, { readonly: true });
  try {
    const answer = copy.pragma('quick_check(1)', { simple: true });
    if (answer !== 'ok' || versionOf(copy) !== version) throw damaged(`its backup could not be verified (${answer}).`);
  } finally {
    copy.close();
  }
}
