/** Gives a copy without names its place: it appears whole, searched and under a name that was free, or not at all. */
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { EosinError } from '../../core/errors.ts';
import { syncFolder, temporaryBeside, writeError } from '../../files/write-whole.ts';
import type { StepProgress } from '../slide.ts';
import type { SlidePool } from '../slide-pool.ts';
import { type SlideSource, slideSource } from '../slide-source.ts';
import type { CopyReport } from './copy-slide.ts';

export interface CopyOrder {
  readonly slide: string | SlideSource;
  /** Absolute; must be free. */
  readonly out: string;
  /** Who works here: must not stand in the copy. */
  readonly user: string;
}

/**
 * Throws `deidentify/exists`, `deidentify/inside`, `file/disk-full`, `file/not-written` and what `copySlide` throws. After an error or an
 * abort nothing is left of the copy.
 */
export async function saveCopyWithoutNames(
  pool: SlidePool,
  { slide, out, user }: CopyOrder,
  onProgress: (progress: StepProgress) => void,
  signal?: AbortSignal,
): Promise<CopyReport> {
  const { path } = slideSource(slide);
  await refusePlace(path, out);
  const temporary = temporaryBeside(out);
  try {
    await mkdir(temporary, { recursive: true });
    const request = { folder: temporary, name: basename(out), user };
    const report = await pool.copyWithoutNames(slide, request, onProgress, signal);
    await refusePlace(path, out);
    if (report.isFolder) await rename(temporary, out);
    else await rename(join(temporary, report.files[0]!), out);
    await syncFolder(dirname(out));
    return report;
  } catch (thrown) {
    throw writeError(out, thrown);
  } finally {
    // A process that was ended may hold a file for a moment.
    await rm(temporary, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

async function refusePlace(path: string, out: string): Promise<void> {
  const there = await stat(out).catch(() => null);
  if (there)
    throw new EosinError('deidentify/exists', 'input', `There is a ${basename(out)} already.`, {
      remedy: 'Choose a name that is free: nothing is written over, the slide itself least of all.',
      fields: { name: basename(out) },
    });
  const way = relative(path, out);
  if (way !== '' && !way.startsWith('..') && (await stat(path).catch(() => null))?.isDirectory())
    throw new EosinError('deidentify/inside', 'input', 'The copy would lie in the folder of the slide.', {
      remedy: 'Choose a folder beside it: names and no names should not lie together.',
    });
}
