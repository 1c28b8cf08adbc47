/**
 * Finds the slides of a project that are not where they were, in a folder and what is below it: candidates by name and size, confirmed
 * by fingerprint. Nothing is linked to a file that only looks like the slide.
 */
import { basename } from 'node:path';
import { createEta } from '../core/progress.ts';
import type { SlideView } from '../core/project.ts';
import { tellWhile } from '../core/tell-while.ts';
import { type Candidate, type FoundSlides, findSlides } from './find-slides.ts';
import type { SlidePool } from './slide-pool.ts';
import type { SlideStore } from './slide-store.ts';

export type RelinkEvent =
  | { readonly type: 'looking'; readonly files: number }
  | { readonly type: 'progress'; readonly done: number; readonly total: number; readonly etaSeconds: number | null }
  | { readonly type: 'found'; readonly slide: SlideView }
  /** `tried` files looked like it and were none. */
  | { readonly type: 'not-found'; readonly id: string; readonly name: string; readonly tried: number }
  | { readonly type: 'done'; readonly found: number; readonly total: number };

/** Throws the signal's reason only. What was found before stays. */
export async function* relinkSlides(
  { slides, pool }: { readonly slides: SlideStore; readonly pool: SlidePool },
  folder: string,
  signal: AbortSignal,
): AsyncGenerator<RelinkEvent> {
  const lost = slides.list().filter(({ status }) => status !== 'ready');
  const names = new Set(lost.map(({ id }) => basename(slides.resolvePath(id))));
  const { candidates } = yield* tellWhile<RelinkEvent, FoundSlides>((tell) =>
    findSlides([folder], { pictures: true, names, onFound: (files) => tell({ type: 'looking', files }) }, signal),
  );
  const eta = createEta();
  let found = 0;
  for (const [done, { id, name, info }] of lost.entries()) {
    yield { type: 'progress', done, total: lost.length, etaSeconds: eta.after(done, lost.length) };
    const likely = likelyFirst(candidates, {
      name: basename(slides.resolvePath(id)),
      bytes: slides.lastSeen(id).bytes,
      isDicom: info.format === 'dicom',
    });
    const path = await firstWith(info.fingerprint, likely);
    if (path === null) yield { type: 'not-found', id, name, tried: likely.length };
    else {
      found++;
      yield { type: 'found', slide: slides.relink(id, path, await pool.describe(path, signal)) };
    }
  }
  yield { type: 'done', found, total: lost.length };

  async function firstWith(fingerprint: string, likely: readonly Candidate[]): Promise<string | null> {
    for (const { path } of likely) {
      signal.throwIfAborted();
      // A file that cannot be opened is not the slide.
      const info = await pool.describe(path, signal).catch(() => null);
      if (info?.fingerprint === fingerprint) return path;
    }
    signal.throwIfAborted();
    return null;
  }
}

/** Name and size, then the name, then the size: a slide may have been renamed. Of DICOM only the name can be known ahead. */
function likelyFirst(
  candidates: readonly Candidate[],
  slide: { readonly name: string; readonly bytes: number; readonly isDicom: boolean },
): Candidate[] {
  const score = ({ path, kind, bytes }: Candidate): number => {
    const named = basename(path) === slide.name;
    if (slide.isDicom) return kind === 'dicom-folder' || named ? 1 + Number(named) : 0;
    if (kind !== 'file') return 0;
    return Number(named) + 2 * Number(bytes === slide.bytes);
  };
  const scored = candidates.map((candidate) => ({ candidate, points: score(candidate) }));
  return scored
    .filter(({ points }) => points > 0)
    .sort((a, b) => b.points - a.points)
    .map(({ candidate }) => candidate);
}
