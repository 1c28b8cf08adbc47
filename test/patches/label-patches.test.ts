import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Box, boxPolygon, type MultiPolygon } from '../../app/core/geometry.ts';
import type { TissueMask } from '../../app/core/slide.ts';
import { patchGrid } from '../../app/patches/grid.ts';
import { defaultLabelRule, type LabelledPatch, labelPatches } from '../../app/patches/label-patches.ts';

const grid = patchGrid({ widthPx: 400, heightPx: 100, downsample: 1, sizePx: 100 });
const classes = [
  { id: 'tumour', role: 'class' },
  { id: 'stroma', role: 'class' },
  { id: 'ignore', role: 'ignore' },
] as const;

function region(
  id: string,
  classId: string | null,
  box: Box,
): { id: string; classId: string | null; geometry: MultiPolygon } {
  return { id, classId, geometry: [boxPolygon(box)] };
}

function box(x: number, width: number): Box {
  return { x, y: 0, width, height: 100 };
}

function named(patches: readonly LabelledPatch[]): string[] {
  return patches.map(({ column, classId }) => `${column}:${classId}`);
}

test('three quarters in one class are enough, less is not, and the unannotated stays unlabelled', () => {
  const found = labelPatches(
    grid,
    [region('r', 'tumour', box(0, 175)), region('s', 'tumour', box(200, 74))],
    classes,
    null,
  );
  assert.deepEqual(named(found), ['0:tumour', '1:tumour']);
  assert.equal(found[1]!.regionId, 'r');
  assert.ok(Math.abs(found[1]!.share - 0.75) < 1e-9);
});

test('more than five percent of another class is too much', () => {
  const with5 = labelPatches(
    grid,
    [region('r', 'tumour', box(0, 90)), region('s', 'stroma', box(90, 5))],
    classes,
    null,
  );
  assert.deepEqual(named(with5), ['0:tumour']);
  const with6 = labelPatches(
    grid,
    [region('r', 'tumour', box(0, 90)), region('s', 'stroma', box(90, 6))],
    classes,
    null,
  );
  assert.deepEqual(named(with6), []);
});

test('a patch that touches an ignore region by more than five percent gets no label', () => {
  const label = (width: number): string[] =>
    named(
      labelPatches(grid, [region('r', 'tumour', box(0, 100)), region('i', 'ignore', box(0, width))], classes, null),
    );
  assert.deepEqual(label(5), ['0:tumour']);
  assert.deepEqual(label(6), []);
});

test('unclassified regions and regions of unknown classes give nothing and take nothing away', () => {
  const found = labelPatches(
    grid,
    [region('r', 'tumour', box(0, 100)), region('n', null, box(0, 200)), region('u', 'gone', box(0, 400))],
    classes,
    null,
  );
  assert.deepEqual(named(found), ['0:tumour']);
});

test('the rule can be adjusted', () => {
  const regions = [region('r', 'tumour', box(0, 60)), region('s', 'stroma', box(60, 20))];
  const rule = { ...defaultLabelRule, minShare: 0.5, maxOthers: 0.25 };
  assert.deepEqual(named(labelPatches(grid, regions, classes, null, rule)), ['0:tumour']);
});

function maskOf(tissue: (x: number) => boolean): TissueMask {
  const data = Uint8Array.from({ length: 400 * 100 }, (_, i) => (tissue(i % 400) ? 255 : 0));
  return { data, widthPx: 400, heightPx: 100, downsample: 1, threshold: 0 };
}

test('shares are of the tissue: glass inside or outside the region does not count', () => {
  // Half of patch 0 is tissue, all of it in the region, which covers half of the patch.
  const mask = maskOf((x) => x < 50);
  assert.deepEqual(named(labelPatches(grid, [region('r', 'tumour', box(0, 50))], classes, mask)), ['0:tumour']);
  // The region covers 80 % of the patch, but only half of its tissue.
  const other = maskOf((x) => x >= 60 && x < 100);
  assert.deepEqual(named(labelPatches(grid, [region('r', 'tumour', box(0, 80))], classes, other)), []);
});

test('bare patches are labelled by area, and a corner of tissue does not name a patch of glass', () => {
  const none = maskOf(() => false);
  const found = labelPatches(grid, [region('r', 'stroma', box(0, 175))], classes, none);
  assert.deepEqual(named(found), ['0:stroma', '1:stroma']);
  assert.equal(found[0]!.tissue, 0);
  const corner = maskOf((x) => x < 6);
  assert.deepEqual(named(labelPatches(grid, [region('r', 'stroma', box(0, 6))], classes, corner)), []);
});
