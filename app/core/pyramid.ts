/**
 * The pyramid of a slide and the one place where level-0 px and level px are converted.
 *
 *     level 0   full size, downsample 1
 *     level 1   downsample 4         a point at level-0 (x, y) lies at (x / downsample, y / downsample)
 *     level 2   downsample 16
 */

export interface PyramidLevel {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Level-0 px per px of this level; 1 for level 0. */
  readonly downsample: number;
}

/** µm per level-0 px, by axis; scanners differ by less than a percent, but they do differ. */
export interface Mpp {
  readonly x: number;
  readonly y: number;
}

/** The one number used for patches and models. */
export function meanMpp(mpp: Mpp): number {
  return (mpp.x + mpp.y) / 2;
}

/** Index of the coarsest level that is not coarser than `downsample` (0 when none is finer). */
export function nearestFinerLevel(levels: readonly PyramidLevel[], downsample: number): number {
  let best = 0;
  for (let i = 1; i < levels.length; i++) {
    const candidate = levels[i]!.downsample;
    if (candidate <= downsample * 1.001 && candidate > levels[best]!.downsample) best = i;
  }
  return best;
}

/** Level-0 px per output px when a slide of `slideMpp` is read at `targetMpp`. */
export function downsampleFor(slideMpp: number, targetMpp: number): number {
  return targetMpp / slideMpp;
}

/** Objective power that an mpp stands for (0.25 -> 40, 0.5 -> 20), the field's rule of thumb 10 / mpp. */
export function objectiveFor(mpp: number): number {
  return 10 / mpp;
}
