/** Where tissue begins on the scale of its scores: Otsu's method (1979), kept to what glass and stain can be. */

/** Colour that clean glass, its dust and JPEG noise reach, on the scale 0..255. */
const leastThreshold = 12;
/** Pale tissue is more colourful than this even on a slide of deep stain. */
const mostThreshold = 40;
/** Means of two classes nearer than this are one class and its noise. */
const leastGap = 15;
/** A class with a mean above this is no glass, however well it can be split from the other. */
const mostGlass = 24;

/**
 * Otsu's threshold where it lies between glass and tissue; the floor where all is glass or all is tissue. Where pale and deep tissue
 * are what Otsu tells apart, the lower class is split again.
 */
export function otsuThreshold(counts: ArrayLike<number>): number {
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
