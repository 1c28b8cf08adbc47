/**
 * One writer a project. Two locks, because each knows what the other does not:
 *
 *     lock.sqlite   held by the operating system while the process lives: two processes of one computer never both get it
 *     lock.json     names host, user, pid and since: for other computers (shared folders) and for the message
 *
 * A left-over lock.json is cleared only when it names this host and a pid that is dead.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { EosinError } from '../core/errors.ts';
import type { Actor } from './audit.ts';
import { storageError } from './storage-error.ts';
import { isoWithOffset } from './wall-clock.ts';

interface LockOwner {
  readonly host: string;
  readonly user: string;
  readonly pid: number;
  /** ISO 8601 with offset. */
  readonly since: string;
}

/** Takes the project for this process; the returned function gives it back. Throws `project/in-use`. */
export function lockProject(folder: string, actor: Actor): () => void {
  const file = join(folder, 'lock.json');
  const guard = takeGuard(join(folder, 'lock.sqlite'), file);
  try {
    const owner = readOwner(file);
    if (owner && !isLeftOver(owner, actor)) throw inUse(owner);
    const mine: LockOwner = { host: actor.machine, user: actor.user, pid: process.pid, since: isoWithOffset() };
    writeFileSync(`${file}.new`, JSON.stringify(mine));
    renameSync(`${file}.new`, file);
  } catch (thrown) {
    guard.close();
    throw storageError(thrown);
  }
  return () => {
    rmSync(file, { force: true });
    guard.close();
  };
}

/**
 * A write transaction that nothing is written in: its lock falls with the process, however that ends. IMMEDIATE and not
 * EXCLUSIVE: of several that start together, each could keep the others from an exclusive lock, and none would get it.
 */
function takeGuard(file: string, ownerFile: string): Database.Database {
  let guard: Database.Database | undefined;
  try {
    guard = new Database(file, { timeout: 0 });
    guard.exec('BEGIN IMMEDIATE');
    return guard;
  } catch (thrown) {
    guard?.close();
    if (thrown instanceof Database.SqliteError && thrown.code.startsWith('SQLITE_BUSY'))
      throw inUse(readOwner(ownerFile));
    throw storageError(thrown);
  }
}

function readOwner(file: string): LockOwner | null {
  try {
    const { host, user, pid, since } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return { host: String(host), user: String(user), pid: Number(pid), since: String(since) };
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null;
    if (thrown instanceof SyntaxError || thrown instanceof TypeError) return unreadableOwner;
    throw thrown;
  }
}

/** lock.json appears by rename, so a broken one was not written by Eosin: nobody may guess whose it is. */
const unreadableOwner: LockOwner = { host: 'unknown', user: 'unknown', pid: 0, since: 'unknown' };

function isLeftOver(owner: LockOwner, actor: Actor): boolean {
  if (owner.host !== actor.machine) return false;
  const bootedAt = Date.now() - uptime() * 1000;
  return owner.pid === process.pid || Date.parse(owner.since) < bootedAt - 300_000 || !isAlive(owner.pid);
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return !(thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH');
  }
}

function inUse(owner: LockOwner | null): EosinError {
  const { host, user, pid, since } = owner ?? unreadableOwner;
  const message =
    pid === 0
      ? 'Another Eosin is opening this project right now.'
      : `${user} has this project open on ${host} (process ${pid}, since ${since}).`;
  return new EosinError('project/in-use', 'conflict', message, {
    remedy: 'Close it there first. If that computer crashed, delete lock.json in the project folder.',
    fields: { host, user, pid, since },
  });
}
