/** Looks whether the files of a project's slides are still those slides: one that looks touched is read again. */
import type { SlideView } from '../core/project.ts';
import type { SlidePool } from './slide-pool.ts';
import type { SlideStore } from './slide-store.ts';

/** All slides as they stand now. A file that cannot be read leaves its slide as it was: using the slide says why. */
export async function checkSlides(
  { slides, pool }: { readonly slides: SlideStore; readonly pool: SlidePool },
  signal: AbortSignal,
): Promise<SlideView[]> {
  for (const { id, status } of slides.list()) {
    if (status !== 'missing' && slides.needsCheck(id))
      await checkSlide({ slides, pool }, id, signal).catch(() => undefined);
    if (signal.aborted) break;
  }
  return slides.list();
}

/** The slide as it stands now; throws what opening its file throws. */
export async function checkSlide(
  { slides, pool }: { readonly slides: SlideStore; readonly pool: SlidePool },
  id: string,
  signal?: AbortSignal,
): Promise<SlideView> {
  const { fingerprint } = await pool.describe(slides.resolvePath(id), signal);
  // Reading takes a while: the slide may have been taken out of the project, or linked to another file.
  return slides.confirmFile(id, fingerprint);
}
