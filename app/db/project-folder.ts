/**
 * A project on disk.
 *
 *     Name.eosin/
 *       project.sqlite      everything that people made: slides, classes, annotations, split, runs, models, audit trail
 *       models/  runs/  heatmaps/      files that runs made
 *       cache/              may be deleted
 *       backups/            copies made before a migration
 *       lock.json, lock.sqlite         see project-lock.ts
 */
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { EosinError } from '../core/errors.ts';
import type { Actor } from './audit.ts';
import { inspectFile, notAProject } from './inspect-file.ts';
import { migrate } from './migrate.ts';
import { openDatabase, type Sqlite } from './open-database.ts';
import { createProjectDatabase, type ProjectDatabase } from './project-database.ts';
import { lockProject } from './project-lock.ts';
import { storageError } from './storage-error.ts';
import { isoWithOffset } from './wall-clock.ts';

export interface ProjectFolder {
  /** Absolute path of `Name.eosin`. */
  readonly folder: string;
  readonly id: string;
  readonly name: string;
  readonly db: ProjectDatabase;
  /** Writes the log back into the one file and gives the project free, also when it throws: `project/damaged`, `project/disk-full`. */
  close(): void;
}

export const subfolders = ['models', 'runs', 'heatmaps', 'cache'] as const;

/** Who changes what, where nobody says otherwise. */
export function actorOf(options: { user?: string; machine?: string; appVersion?: string }): Actor {
  return {
    user: options.user ?? userInfo().username,
    machine: options.machine ?? hostname(),
    appVersion: options.appVersion ?? 'unknown',
  };
}

/**
 * Makes `Name.eosin` in `parent` and fills it by `fill` in the transaction that makes the project. It is built under
 * another name and renamed at the end: a full disk or a crash leaves no half project. Returns the folder's path.
 */
export function createProjectFolder(
  parent: string,
  name: string,
  actor: Actor,
  fill: (db: ProjectDatabase) => void,
): string {
  const folder = join(resolve(parent), folderName(name));
  if (existsSync(folder)) throw alreadyThere(folder);
  const building = `${folder}.${randomUUID().slice(0, 8)}.new`;
  let sqlite: Sqlite | undefined;
  try {
    for (const sub of subfolders) mkdirSync(join(building, sub), { recursive: true });
    sqlite = openDatabase(join(building, 'project.sqlite'), { create: true });
    migrate(sqlite, { backupFolder: null });
    const db = createProjectDatabase(sqlite, actor);
    const row = { id: randomUUID(), name: name.trim(), created_at: isoWithOffset() };
    db.change((record) => {
      db.sqlite.prepare('INSERT INTO project VALUES (@id, @name, @created_at)').run(row);
      record({ action: 'create', entity: 'project', id: row.id, after: row });
      fill(db);
    });
    closeDatabase(sqlite);
    moveIntoPlace(building, folder);
    return folder;
  } catch (thrown) {
    sqlite?.close();
    rmSync(building, { recursive: true, force: true });
    throw storageError(thrown);
  }
}

/**
 * Opens `Name.eosin` for writing. The file is first looked at read-only; `known: true` (a project that this installation
 * had open before) leaves out the pass over every page.
 */
export function openProjectFolder(path: string, actor: Actor, options: { known?: boolean } = {}): ProjectFolder {
  const folder = resolve(basename(path) === 'project.sqlite' ? dirname(path) : path);
  const file = join(folder, 'project.sqlite');
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw notAProject();
  const unlock = lockProject(folder, actor);
  let sqlite: Sqlite | undefined;
  try {
    inspectFile(file, { pages: !(options.known ?? false) });
    for (const sub of subfolders) mkdirSync(join(folder, sub), { recursive: true });
    const opened = openDatabase(file);
    sqlite = opened;
    migrate(opened, { backupFolder: join(folder, 'backups') });
    const row = opened.prepare<[], { id: string; name: string }>('SELECT id, name FROM project').get();
    if (!row) throw notAProject();
    return {
      folder,
      ...row,
      db: createProjectDatabase(opened, actor),
      close() {
        if (!opened.open) return;
        try {
          closeDatabase(opened);
        } catch (thrown) {
          throw storageError(thrown);
        } finally {
          unlock();
        }
      },
    };
  } catch (thrown) {
    sqlite?.close();
    unlock();
    throw storageError(thrown);
  }
}

/** TRUNCATE leaves one file; the statistics keep the query planner right as the project grows. */
function closeDatabase(sqlite: Sqlite): void {
  try {
    sqlite.pragma('optimize');
    sqlite.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    sqlite.close();
  }
}

/** Renames a folder and makes the new name durable. */
function moveIntoPlace(from: string, to: string): void {
  if (existsSync(to)) throw alreadyThere(to);
  renameSync(from, to);
  if (process.platform === 'win32') return;
  const parent = openSync(dirname(to), 'r');
  try {
    fsyncSync(parent);
  } finally {
    closeSync(parent);
  }
}

function folderName(name: string): string {
  const plain = name.trim().replace(/\.eosin$/i, '');
  // Names that some file system cannot hold, or that would lead out of the parent.
  if (plain === '' || /[<>:"/\\|?*\p{Cc}]|^\.|[. ]$/u.test(plain) || Buffer.byteLength(plain) > 120) {
    throw new EosinError('project/bad-name', 'usage', 'A project cannot have this name.', {
      remedy: 'Use letters, digits, spaces and dashes, at most 120 bytes.',
    });
  }
  return `${plain}.eosin`;
}

function alreadyThere(folder: string): EosinError {
  return new EosinError('project/exists', 'conflict', `${basename(folder)} already exists here.`, {
    remedy: 'Choose another name, or open that project.',
  });
}
