/** Which look of which slide file is meant: what the host asks decode processes for, and what they keep slides open by. */
import type { SlideLook } from '../core/slide.ts';

export interface SlideSource extends SlideLook {
  readonly path: string;
  /** The slide that the file must be: with another one there, every call is refused with `slide/changed`. */
  readonly fingerprint?: string | undefined;
}

/**
 * Which look it is: a bare path is the slide's default look; what equals the default is left out, and so is the fingerprint, so that equal
 * looks are equal as JSON.
 */
export function slideSource(slide: string | SlideSource): SlideSource {
  if (typeof slide === 'string') return { path: slide };
  const { path, focalPlane, colour } = slide;
  return {
    path,
    ...(focalPlane === undefined ? {} : { focalPlane }),
    ...(colour === undefined || colour === 'stored' ? {} : { colour }),
  };
}
