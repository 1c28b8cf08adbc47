import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heatmapAgreement, type LabelImage, labelOfBox, noLabel } from '../../app/evaluation/heatmap-agreement.ts';

/** 8 x 4 cells of 10 px: class 0 on the left half, class 1 on the right, nothing known in the lowest row. */
const truth: LabelImage = {
  data: Uint8Array.from({ length: 32 }, (_, i) => (i >= 24 ? noLabel : i % 8 < 4 ? 0 : 1)),
  widthPx: 8,
  heightPx: 4,
  downsample: 10,
};

test('a box has the class of at least the asked share of its cells, or none', () => {
  assert.equal(labelOfBox(truth, { x: 0, y: 0, width: 40, height: 30 }, 2, 0.75), 0);
  assert.equal(labelOfBox(truth, { x: 10, y: 0, width: 40, height: 30 }, 2, 0.75), 0);
  assert.equal(labelOfBox(truth, { x: 20, y: 0, width: 40, height: 30 }, 2, 0.75), null);
  assert.equal(labelOfBox(truth, { x: 40, y: 0, width: 40, height: 40 }, 2, 0.75), 1);
  assert.equal(labelOfBox(truth, { x: 40, y: 0, width: 40, height: 40 }, 2, 0.8), null);
  assert.equal(labelOfBox(truth, { x: 60, y: 0, width: 40, height: 30 }, 2, 0.75), null, 'half of it hangs over');
});

test('agreement is balanced over classes and leaves mixed patches out', () => {
  const box = (x: number): { x: number; y: number; width: number; height: number } => ({
    x,
    y: 0,
    width: 20,
    height: 20,
  });
  const agreement = heatmapAgreement(
    [
      { box: box(0), classIndex: 0 },
      { box: box(20), classIndex: 0 },
      { box: box(30), classIndex: 1 },
      { box: box(40), classIndex: 1 },
      { box: box(60), classIndex: 0 },
    ],
    truth,
    2,
  );
  assert.equal(agreement.patches, 4);
  assert.equal(agreement.balancedAccuracy, 0.75);
  assert.deepEqual(agreement.confusion, [
    [2, 0],
    [1, 1],
  ]);
});

test('nothing that can be judged gives NaN, not a score', () => {
  assert.ok(Number.isNaN(heatmapAgreement([], truth, 2).balancedAccuracy));
});
