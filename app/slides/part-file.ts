/** A file of the cache that appears whole or not at all: written under another name, then renamed. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError } from './slide-errors.ts';

export interface PartFile {
  /** Where to write. */
  readonly path: string;
  /** Gives the file its name; what was there before is replaced. */
  finish(): Promise<void>;
  discard(): Promise<void>;
}

/** Makes the folder, and clears it of what killed processes left behind. Throws `disk/full` and others in words. */
export async function startPart(path: string): Promise<PartFile> {
  const part = `${path}.${process.pid}-${performance.now().toString(36).replace('.', '')}.part`;
  const inWords = (thrown: unknown): never => {
    throw fileError(thrown, basename(path));
  };
  await mkdir(dirname(path), { recursive: true }).catch(inWords);
  await removeLeftovers(dirname(path)).catch(inWords);
  return {
    path: part,
    finish: () => rename(part, path).catch(inWords),
    discard: () => rm(part, { force: true }),
  };
}

/** Nobody writes on a file for so long without a pause. */
const leftoverAfterMs = 3_600_000;

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.part')) continue;
    const part = join(folder, name);
    const { mtimeMs } = await stat(part).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > leftoverAfterMs) await rm(part, { force: true });
  }
}
