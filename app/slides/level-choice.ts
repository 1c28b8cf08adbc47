/** Which level a region is read from: the same answer in the host, which has levels made ahead, and in the decode process, which reads. */
import { nearestFinerLevel } from '../core/pyramid.ts';
import type { SlideLevel } from '../core/slide.ts';

/** A made level stands in for a stored one only where that would cost more than this, a side: what is made was resampled before. */
const mostStoredStep = 8;

/** Index into `levels` (finest first) of the level to read at this downsample. */
export function chooseLevel(levels: readonly SlideLevel[], downsample: number): number {
  const stored = levels.filter((level) => level.compression !== 'made');
  // A plain picture has none: all of its levels are made when it is converted.
  if (stored.length === 0) return nearestFinerLevel(levels, downsample);
  const best = stored[nearestFinerLevel(stored, downsample)]!;
  return downsample / best.downsample <= mostStoredStep ? levels.indexOf(best) : nearestFinerLevel(levels, downsample);
}

export function needsMadeLevel(levels: readonly SlideLevel[], downsample: number): boolean {
  return levels[chooseLevel(levels, downsample)]?.compression === 'made';
}
