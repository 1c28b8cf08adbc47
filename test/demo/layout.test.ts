import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areaPx2, boundsOf } from '../../app/core/geometry.ts';
import { coarseRegions } from '../../app/demo/coarse-regions.ts';
import { demoClasses } from '../../app/demo/demo-classes.ts';
import { demoSlideSpecs } from '../../app/demo/demo-slides.ts';
import { truthOf } from '../../app/demo/draw-slide.ts';
import { formatTruth, parseTruth } from '../../app/demo/truth.ts';
import { labelOfBox } from '../../app/evaluation/heatmap-agreement.ts';
import { patchGrid } from '../../app/patches/grid.ts';
import { labelPatches } from '../../app/patches/label-patches.ts';

const classes = demoClasses.map(({ name }) => ({ id: name, role: 'class' as const }));
const slides = demoSlideSpecs.map((spec) => {
  const truth = truthOf(spec);
  return { spec, truth, regions: coarseRegions(truth, spec.seed) };
});

test('six patients, each with a slide of at least 8,000 x 6,000 px at 0.5 um per px and a stain of its own', () => {
  assert.equal(new Set(demoSlideSpecs.map(({ patient }) => patient)).size, 6);
  assert.equal(new Set(demoSlideSpecs.map(({ stain }) => JSON.stringify(stain))).size, 6);
  for (const { widthPx, heightPx, mpp } of demoSlideSpecs)
    assert.ok(widthPx >= 8000 && heightPx >= 6000 && mpp === 0.5);
});

test('every class has room on every slide', () => {
  for (const { spec, truth } of slides) {
    for (const [index, { name }] of demoClasses.entries()) {
      const share = truth.data.filter((label) => label === index).length / truth.data.length;
      assert.ok(share > 0.14, `${name} has ${share} of ${spec.name}`);
    }
  }
});

test('labels are coarse, inside the slide and partial', () => {
  for (const { spec, regions } of slides) {
    for (const { geometry } of regions) {
      const corners = geometry[0]![0]!.length;
      assert.ok(corners >= 10 && corners <= 25, `${corners} corners`);
      const { x, y, width, height } = boundsOf(geometry);
      assert.ok(x >= 0 && y >= 0 && x + width <= spec.widthPx && y + height <= spec.heightPx);
    }
    const labelled = regions.reduce((sum, { geometry }) => sum + areaPx2(geometry), 0);
    assert.ok(labelled < 0.6 * spec.widthPx * spec.heightPx, 'much stays unlabelled');
  }
});

test('every class of every slide gives at least sixty patches, and all of them are what they are called', () => {
  for (const { spec, truth, regions } of slides) {
    const grid = patchGrid({ widthPx: spec.widthPx, heightPx: spec.heightPx, downsample: 1, sizePx: 224 });
    const annotations = regions.map(({ className, geometry }, i) => ({ id: `r${i}`, classId: className, geometry }));
    const patches = labelPatches(grid, annotations, classes, null);
    for (const { name } of demoClasses) {
      const count = patches.filter(({ classId }) => classId === name).length;
      assert.ok(count >= 60, `${count} patches of ${name} on ${spec.name}`);
      assert.ok(regions.filter(({ className }) => className === name).length >= 3);
    }
    for (const { x, y, classId } of patches) {
      const label = labelOfBox(truth, { x, y, width: 224, height: 224 }, demoClasses.length, 0.75);
      assert.equal(label === null ? null : demoClasses[label]!.name, classId);
    }
  }
});

test('the truth comes back from its file, and a damaged file is told', () => {
  const { truth } = slides[0]!;
  const bytes = formatTruth(truth);
  assert.deepEqual(parseTruth(bytes), truth);
  for (const damaged of [bytes.subarray(0, -1), bytes.subarray(1), new Uint8Array(0), new Uint8Array(5000)]) {
    assert.throws(() => parseTruth(damaged), { code: 'demo/truth' });
  }
});
