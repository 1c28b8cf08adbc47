/** How well the predicted patches of a whole slide agree with a known truth, on patches that are mostly of one class. */
import type { Box } from '../core/geometry.ts';
import { balancedAccuracyOf, confusionOf } from './metrics.ts';

/** A label picture: class index a cell of `downsample` x `downsample` level-0 px; `noLabel` where nothing is known. */
export interface LabelImage {
  readonly data: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly downsample: number;
}

export const noLabel = 255;

export interface PredictedPatch {
  readonly box: Box;
  readonly classIndex: number;
}

export interface Agreement {
  /** NaN when no patch could be judged. */
  readonly balancedAccuracy: number;
  /** Patches judged. */
  readonly patches: number;
  /** confusion[truth][predicted]. */
  readonly confusion: readonly (readonly number[])[];
}

export function heatmapAgreement(
  patches: Iterable<PredictedPatch>,
  truth: LabelImage,
  classCount: number,
  minShare = 0.75,
): Agreement {
  const expected: number[] = [];
  const predicted: number[] = [];
  for (const { box, classIndex } of patches) {
    const label = labelOfBox(truth, box, classCount, minShare);
    if (label === null) continue;
    expected.push(label);
    predicted.push(classIndex);
  }
  const confusion = confusionOf(expected, predicted, classCount);
  return {
    balancedAccuracy: balancedAccuracyOf(confusion, classCount),
    patches: expected.length,
    confusion: Array.from({ length: classCount }, (_, t) =>
      Array.from(confusion.subarray(t * classCount, (t + 1) * classCount)),
    ),
  };
}

/** The class of at least `minShare` of the box's cells, or null; cells outside the picture count as of no class. */
export function labelOfBox(truth: LabelImage, box: Box, classCount: number, minShare: number): number | null {
  const cell = truth.downsample;
  const x0 = Math.round(box.x / cell);
  const y0 = Math.round(box.y / cell);
  const x1 = Math.max(x0 + 1, Math.round((box.x + box.width) / cell));
  const y1 = Math.max(y0 + 1, Math.round((box.y + box.height) / cell));
  const counts = new Uint32Array(classCount);
  for (let y = Math.max(0, y0); y < Math.min(truth.heightPx, y1); y++) {
    for (let x = Math.max(0, x0); x < Math.min(truth.widthPx, x1); x++) {
      const label = truth.data[y * truth.widthPx + x]!;
      if (label < classCount) counts[label]!++;
    }
  }
  const needed = minShare * (x1 - x0) * (y1 - y0);
  for (let c = 0; c < classCount; c++) if (counts[c]! >= needed) return c;
  return null;
}
