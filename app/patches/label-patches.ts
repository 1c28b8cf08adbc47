/**
 * From regions to labelled patches. A patch gets a class when at least 75 % of its tissue lies in that class and at most
 * 5 % in others. What nobody annotated is unlabelled, never negative; holes and unclassified regions give no patch, and
 * a patch of which more than 5 % lies in an `ignore` region gets none either.
 *
 * Where a patch is nearly bare (less than a tenth of it is tissue), area takes the place of tissue: a class may well be
 * 'background', and a corner of tissue must not name a patch of glass.
 */
import type { Annotation, RegionClass } from '../core/annotation.ts';
import type { TissueMask } from '../core/slide.ts';
import { type CoverageRegion, coverage, type PatchCoverage } from './coverage.ts';
import { type PatchGrid, patchBox } from './grid.ts';

export interface LabelRule {
  /** Least share of the patch's tissue in its class. */
  readonly minShare: number;
  /** Largest share in other classes together, and in `ignore` regions. */
  readonly maxOthers: number;
  /** Share of tissue below which area decides. */
  readonly tissueFloor: number;
}

export const defaultLabelRule: LabelRule = { minShare: 0.75, maxOthers: 0.05, tissueFloor: 0.1 };

export interface LabelledPatch {
  /** Top-left corner, level-0 px. */
  readonly x: number;
  readonly y: number;
  readonly column: number;
  readonly row: number;
  readonly classId: string;
  /** The region of that class that covers most of the patch. */
  readonly regionId: string;
  /** Share of the patch that is tissue, 0..1. */
  readonly tissue: number;
  /** Share of its tissue (or area) that lies in the class. */
  readonly share: number;
}

/** Labelled patches of one slide, row by row. `mask` null counts everything as tissue. */
export function labelPatches(
  grid: PatchGrid,
  annotations: readonly Pick<Annotation, 'id' | 'classId' | 'geometry'>[],
  classes: readonly Pick<RegionClass, 'id' | 'role'>[],
  mask: TissueMask | null,
  rule: LabelRule = defaultLabelRule,
): LabelledPatch[] {
  const roles = new Map(classes.map(({ id, role }) => [id, role]));
  const regions: CoverageRegion[] = [];
  const classOf = new Map<string, string>();
  for (const { id, classId, geometry } of annotations) {
    if (classId === null || !roles.has(classId)) continue;
    regions.push({ id, classId, geometry });
    classOf.set(id, classId);
  }
  const out: LabelledPatch[] = [];
  for (const patch of coverage(grid, regions, mask)) {
    const label = labelOf(patch, roles, rule);
    if (label === null) continue;
    const { x, y } = patchBox(grid, patch.column, patch.row);
    let regionId = '';
    let most = -1;
    for (const [id, { area }] of patch.regions) {
      if (classOf.get(id) === label.classId && area > most) {
        regionId = id;
        most = area;
      }
    }
    out.push({ x, y, column: patch.column, row: patch.row, ...label, regionId, tissue: patch.tissue });
  }
  return out;
}

function labelOf(
  patch: PatchCoverage,
  roles: ReadonlyMap<string, RegionClass['role']>,
  rule: LabelRule,
): { classId: string; share: number } | null {
  const byTissue = patch.tissue >= rule.tissueFloor;
  let classId: string | null = null;
  let best = 0;
  let sum = 0;
  let ignored = 0;
  for (const [id, { area, tissue }] of patch.classes) {
    if (roles.get(id) === 'ignore') {
      ignored += area;
      continue;
    }
    const share = byTissue ? tissue / patch.tissue : area;
    sum += share;
    if (share > best) {
      best = share;
      classId = id;
    }
  }
  // A billionth of slack: 0.75 summed from 32 scanlines must still be 0.75.
  const slack = 1e-9;
  const fits =
    best >= rule.minShare - slack && sum - best <= rule.maxOthers + slack && ignored <= rule.maxOthers + slack;
  return classId !== null && fits ? { classId, share: Math.min(1, best) } : null;
}
