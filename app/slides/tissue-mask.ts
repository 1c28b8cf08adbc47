/**
 * Where on the glass tissue lies: stain has colour, glass and ink-black have none, so the largest minus the smallest channel of an
 * overview is split in two by Otsu's method (1979).
 */
import { meanMpp } from '../core/pyramid.ts';
import type { RgbImage, SlideInfo, TissueMask } from '../core/slide.ts';
import type { OnStep, Slide } from './slide.ts';
import { overviewOf } from './thumbnail.ts';

/** A cell is about as large as a nucleus; finer, every gap between cells would be glass. */
const cellUm = 8;
const assumedMpp = 0.5;
/** The mask's larger side at the most. */
const mostSidePx = 2048;

/** Colour that clean glass, its dust and JPEG noise reach, on the scale 0..255. */
const leastThreshold = 12;
/** Pale tissue is more colourful than this even on a slide of deep stain. */
const mostThreshold = 40;
/** Means of two classes nearer than this are one class and its noise. */
const leastGap = 15;
/** A class with a mean above this is no glass, however well it can be split from the other. */
const mostGlass = 24;

/** Reads an overview and splits it. */
export async function readTissueMask(slide: Slide, onStep?: OnStep): Promise<TissueMask> {
  const downsample = maskDownsample(slide.info);
  const overview = await slide.region(overviewOf(slide, downsample), onStep);
  return maskTissue(overview, downsample);
}

/** Level-0 px a cell of the mask is wide. */
export function maskDownsample({ widthPx, heightPx, mpp }: SlideInfo): number {
  return Math.max(1, cellUm / (mpp ? meanMpp(mpp) : assumedMpp), Math.max(widthPx, heightPx) / mostSidePx);
}

/** The mask of an overview whose px are `downsample` level-0 px wide. */
export function maskTissue({ data: rgb, widthPx, heightPx }: RgbImage, downsample: number): TissueMask {
  const colour = new Uint8Array(widthPx * heightPx);
  const counts = new Float64Array(256);
  for (let i = 0; i < colour.length; i++) {
    const r = rgb[i * 3]!;
    const g = rgb[i * 3 + 1]!;
    const b = rgb[i * 3 + 2]!;
    const spread = Math.max(r, g, b) - Math.min(r, g, b);
    colour[i] = spread;
    counts[spread]!++;
  }
  const threshold = tissueThreshold(counts);
  const data = new Uint8Array(colour.length);
  for (let i = 0; i < data.length; i++) data[i] = colour[i]! > threshold ? 255 : 0;
  return { data, widthPx, heightPx, downsample, threshold };
}

/**
 * Otsu's threshold where it lies between glass and tissue; the floor where all is glass or all is tissue. Where pale and deep tissue
 * are what Otsu tells apart, the lower class is split again.
 */
function tissueThreshold(counts: ArrayLike<number>): number {
  let split = otsu(counts, 256);
  for (let finer = otsu(counts, split.threshold + 1); finer.gap > leastGap; finer = otsu(counts, split.threshold + 1))
    split = finer;
  if (split.lowerMean > mostGlass) return leastThreshold;
  return Math.min(mostThreshold, Math.max(leastThreshold, split.threshold));
}

/** The split of a histogram's bins below `end` with the largest variance between its classes; above `threshold` lies the upper one. */
function otsu(counts: ArrayLike<number>, end: number): { threshold: number; lowerMean: number; gap: number } {
  let total = 0;
  let sum = 0;
  for (let value = 0; value < end; value++) {
    total += counts[value]!;
    sum += value * counts[value]!;
  }
  let best = { threshold: 0, lowerMean: total > 0 ? sum / total : 0, gap: 0, between: -1 };
  let below = 0;
  let belowSum = 0;
  for (let value = 0; value < end; value++) {
    below += counts[value]!;
    belowSum += value * counts[value]!;
    if (below === 0) continue;
    if (below === total) break;
    const lowerMean = belowSum / below;
    const gap = (sum - belowSum) / (total - below) - lowerMean;
    const between = below * (total - below) * gap * gap;
    if (between > best.between) best = { threshold: value, lowerMean, gap, between };
  }
  return best;
}
