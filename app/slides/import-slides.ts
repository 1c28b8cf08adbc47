/**
 * Adds slides to a project, one after another: files, folders, DICOM series. What was added stays, whatever comes after; what is there
 * already is said by name, and a slide that was missing is linked to the file that was found.
 */
import { dirname, join } from 'node:path';
import { EosinError, type ErrorReport, reportOf } from '../core/errors.ts';
import { createEta } from '../core/progress.ts';
import type { SlideView } from '../core/project.ts';
import { tellWhile } from '../core/tell-while.ts';
import { type Candidate, type FoundSlides, findSlides, listDicomFiles } from './find-slides.ts';
import type { SlidePool } from './slide-pool.ts';
import type { SlideStore } from './slide-store.ts';

export interface ImportCounts {
  readonly done: number;
  readonly total: number;
  readonly added: number;
  /** Slides of the project that were missing and are here. */
  readonly relinked: number;
  readonly duplicates: number;
  readonly refused: number;
}

export type ImportEvent =
  | { readonly type: 'looking'; readonly files: number }
  | ({ readonly type: 'progress'; readonly etaSeconds: number | null } & ImportCounts)
  | { readonly type: 'added' | 'relinked'; readonly slide: SlideView }
  /** `as` is the name of the slide that the project has. */
  | { readonly type: 'duplicate'; readonly name: string; readonly as: string }
  | { readonly type: 'refused'; readonly name: string; readonly error: ErrorReport }
  /** `pictures` lay in the folders and were left out. */
  | ({ readonly type: 'done'; readonly pictures: number } & ImportCounts);

export interface ImportOptions {
  readonly patient?: string | undefined;
}

/** Throws the signal's reason only: whatever is wrong with a file is an event. */
export async function* importSlides(
  { slides, pool }: { readonly slides: SlideStore; readonly pool: SlidePool },
  paths: readonly string[],
  { patient }: ImportOptions,
  signal: AbortSignal,
): AsyncGenerator<ImportEvent> {
  const found = yield* tellWhile<ImportEvent, FoundSlides>((tell) =>
    findSlides(paths, { onFound: (files) => tell({ type: 'looking', files }) }, signal),
  );
  const line: Candidate[] = [...found.candidates];
  const counts = { done: 0, total: line.length, added: 0, relinked: 0, duplicates: 0, refused: 0 };
  for (const { name, error } of found.unreadable) {
    counts.refused++;
    yield { type: 'refused', name, error };
  }
  const eta = createEta();
  const taken = new Set<string>();
  for (let candidate = line.shift(); candidate; candidate = line.shift()) {
    yield { type: 'progress', ...counts, etaSeconds: eta.after(counts.done, counts.total) };
    signal.throwIfAborted();
    // A file of a slide that was taken as a whole.
    const covered = taken.has(candidate.path);
    const event = covered ? null : await addOne(candidate);
    signal.throwIfAborted();
    if (event === 'several') {
      // Each of its files stands for its series, and covers the others of it.
      const files = await listDicomFiles(candidate);
      line.unshift(...files);
      counts.total += files.length - 1;
      continue;
    }
    if (covered) counts.total--;
    else counts.done++;
    if (!event) continue;
    if (event.type === 'added') counts.added++;
    if (event.type === 'relinked') counts.relinked++;
    if (event.type === 'duplicate') counts.duplicates++;
    if (event.type === 'refused') counts.refused++;
    yield event;
  }
  yield { type: 'done', ...counts, pictures: found.pictures };

  type Outcome = Extract<ImportEvent, { type: 'added' | 'relinked' | 'duplicate' | 'refused' }>;

  async function addOne({ path, name, kind }: Candidate): Promise<Outcome | 'several' | null> {
    const untouched = slides.knownAt(path);
    // Which files belong to a DICOM slide is told by opening it.
    if (untouched && untouched.info.format !== 'dicom') return { type: 'duplicate', name, as: untouched.name };
    try {
      const info = await pool.describe(path, signal);
      const folder = kind === 'dicom-folder' ? path : dirname(path);
      for (const file of await pool.filesOf(path, signal)) taken.add(join(folder, file));
      const same = slides.withFingerprint(info.fingerprint);
      if (same?.status === 'missing') return { type: 'relinked', slide: slides.relink(same.id, path, info) };
      if (same) return { type: 'duplicate', name, as: same.name };
      return { type: 'added', slide: slides.add({ absolutePath: path, info, patient }) };
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof EosinError && thrown.code === 'slide/several') return 'several';
      return { type: 'refused', name, error: reportOf(thrown) };
    }
  }
}
