/** What SQLite and the file system throw, in Eosin's words: full disk, read-only place, damaged file. */
import Database from 'better-sqlite3';
import { EosinError } from '../core/errors.ts';

/** The same failure as an EosinError where its cause is known; anything else comes back as it was. */
export function storageError(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'string') return thrown;
  return thrown instanceof Database.SqliteError ? fromSqlite(thrown) : fromFileSystem(thrown, thrown.code);
}

/** The last one: the index of the write-ahead log could not grow. */
const fullCodes = ['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_IOERR_FSYNC', 'SQLITE_IOERR_SHMSIZE'];

function fromSqlite(error: InstanceType<typeof Database.SqliteError>): unknown {
  const code = error.code;
  if (fullCodes.includes(code)) return diskFull(error);
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) return damaged(error.message, error);
  if (code.startsWith('SQLITE_READONLY') || code === 'SQLITE_PERM' || code.startsWith('SQLITE_CANTOPEN'))
    return notWritable(error);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
    return new EosinError('project/busy', 'conflict', 'Another program holds the project’s database.', {
      remedy: 'Close it there and try again.',
      cause: error,
    });
  return error;
}

function fromFileSystem(error: Error, code: string): unknown {
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return diskFull(error);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return notWritable(error);
  return error;
}

function diskFull(cause: Error): EosinError {
  return new EosinError('project/disk-full', 'retry', 'The disk is full: the last change was not saved.', {
    remedy: 'Free some space and repeat the change. Everything that was saved before is safe.',
    cause,
  });
}

/** A file that SQLite cannot trust. */
export function damaged(what: string, cause?: unknown): EosinError {
  return new EosinError('project/damaged', 'input', `The project's database is damaged: ${what}`, {
    remedy: 'Open a copy from the project folder’s `backups`, or restore the folder from your own backup.',
    cause,
  });
}

function notWritable(cause: Error): EosinError {
  return new EosinError('project/not-writable', 'config', 'Eosin may not write in the project’s folder.', {
    remedy: 'Copy the project to a folder of your own, or ask for the right to write there.',
    cause,
  });
}
