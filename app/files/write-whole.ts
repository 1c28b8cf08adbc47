/** Files and folders that appear whole or not at all: written beside their place, synced, then renamed into it. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EosinError } from '../core/errors.ts';

/** Writes `bytes` to `file`; a reader sees the old file or the new one, also after a power cut. Throws `file/disk-full`, `file/not-written`. */
export async function writeWhole(file: string, bytes: Uint8Array | string): Promise<void> {
  await writeWholeBy(file, async (handle) => {
    await handle.writeFile(bytes);
  });
}

/** As `writeWhole`, for a file that `fill` writes piece by piece. */
export async function writeWholeBy(file: string, fill: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = temporaryBeside(file);
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(temporary, 'wx', 0o644);
    try {
      await fill(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await syncFolder(dirname(file));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {}); // the first failure is the one to tell
    throw writeError(file, cause);
  }
}

/** Fills a folder beside its place and renames it; `folder` must not exist yet. `fill` syncs its own files. */
export async function writeFolderWhole(folder: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = temporaryBeside(folder);
  try {
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    await syncFolder(temporary);
    await rename(temporary, folder);
    await syncFolder(dirname(folder));
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw writeError(folder, cause);
  }
}

/** Makes a rename in `folder` durable. Windows cannot open a folder and journals the rename by itself. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A hidden name beside a place, for what is not whole yet. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
}

/** Removes what writers that were killed have left below `folder`, if it is there; nobody may be writing in it. */
export async function removeTemporaries(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw cause;
  });
  for (const name of names) {
    if (/^\..*\.[\da-f-]{36}\.tmp$/.test(basename(name)))
      await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** A failed write in our words: a full disk, a folder that may not be written, or the error itself when it is ours. */
export function writeError(path: string, cause: unknown): unknown {
  if (cause instanceof EosinError || !(cause instanceof Error)) return cause;
  // An abort is an error of the DOM, whose codes are numbers.
  const code = (cause as NodeJS.ErrnoException).code as unknown;
  if (typeof code !== 'string') return cause;
  const name = basename(path);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new EosinError('file/disk-full', 'retry', `The disk is full: ${name} was not written.`, {
      remedy: 'Free some space and run the same again; what was finished is kept.',
      fields: { name },
      cause,
    });
  }
  return new EosinError('file/not-written', 'input', `${name} could not be written (${code}).`, {
    remedy: 'Check that the folder exists and that you may write to it, or choose another folder.',
    fields: { name, reason: code },
    cause,
  });
}
