/** How far a heat map agrees with the labelled regions of its slide: patches that the labelling rule gives a class. */
import type { Annotation, RegionClass } from '../core/annotation.ts';
import type { SlideAgreement } from '../core/project.ts';
import type { TissueMask } from '../core/slide.ts';
import { accuracyOf, balancedAccuracyOf, confusionOf } from '../evaluation/metrics.ts';
import { classAt, type Heatmap, patchBox } from '../overlay/heatmap.ts';
import type { PatchGrid } from '../patches/grid.ts';
import { labelPatches } from '../patches/label-patches.ts';

/** Null where no predicted patch has a label that the heat map knows. */
export function slideAgreement(
  map: Heatmap,
  annotations: readonly Annotation[],
  classes: readonly RegionClass[],
  mask: TissueMask,
): SlideAgreement | null {
  const names = map.header.classes.map(({ name }) => name);
  const indexOf = new Map(classes.map(({ id, name }) => [id, names.indexOf(name)]));
  const truth: number[] = [];
  const predicted: number[] = [];
  for (const { column, row, classId } of labelPatches(gridOf(map), annotations, classes, mask)) {
    const label = indexOf.get(classId) ?? -1;
    const found = classAt(map, column, row);
    if (label < 0 || found < 0) continue;
    truth.push(label);
    predicted.push(found);
  }
  if (truth.length === 0) return null;
  const confusion = confusionOf(truth, predicted, names.length);
  return {
    patches: truth.length,
    accuracy: accuracyOf(confusion, names.length),
    balancedAccuracy: balancedAccuracyOf(confusion, names.length),
  };
}

/** The patches of a heat map whose cells lie side by side. */
function gridOf({ header: { grid } }: Heatmap): PatchGrid {
  const { x, y } = patchBox(grid, 0, 0);
  const { columns, rows, strideX: stride, patchWidth: side } = grid;
  return { x, y, columns, rows, stride, side, sizePx: side, downsample: 1 };
}
