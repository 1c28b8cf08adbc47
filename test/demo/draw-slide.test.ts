import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { demoClasses } from '../../app/demo/demo-classes.ts';
import { type DemoSlideSpec, demoSlideSpecs, drawingVersion } from '../../app/demo/demo-slides.ts';
import { drawSlide, renderSlide, truthOf } from '../../app/demo/draw-slide.ts';
import { parseTruth } from '../../app/demo/truth.ts';
import {
  colourBaselineAccuracy,
  colourFeatureCount,
  colourFeatures,
  trainColourBaseline,
} from '../../app/evaluation/colour-baseline.ts';
import { labelOfBox } from '../../app/evaluation/heatmap-agreement.ts';
import { patchBox, patchGrid } from '../../app/patches/grid.ts';
import { openSlide } from '../../app/slides/open-slide.ts';

/** Small, but with all four classes on it. */
const small: DemoSlideSpec = { ...demoSlideSpecs[0]!, widthPx: 3072, heightPx: 1792 };

test('a drawing is the same each time, and a changed drawing has a new version', () => {
  assert.equal(new Set(truthOf(small).data).size, demoClasses.length);
  const sha256 = createHash('sha256').update(renderSlide(small)).digest('hex').slice(0, 16);
  // When the drawing is meant to change: raise drawingVersion and put the new pair here.
  assert.deepEqual({ drawingVersion, sha256 }, { drawingVersion: 3, sha256: 'b5c238a558d8cc38' });
});

test('the file is a pyramid of JPEG tiles that says how large a pixel is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'eosin-demo-'));
  try {
    const file = join(folder, 'slide.tif');
    const shares: number[] = [];
    await drawSlide(small, file, join(folder, 'slide.truth'), (done) => shares.push(done));
    assert.deepEqual(shares, shares.toSorted());
    assert.equal(shares.at(-1), 1);
    assert.deepEqual(parseTruth(await readFile(join(folder, 'slide.truth'))), truthOf(small));

    const slide = await openSlide(file, { cacheFolder: folder });
    try {
      assert.deepEqual(slide.info.mpp, { x: 0.5, y: 0.5 });
      assert.deepEqual([slide.info.widthPx, slide.info.heightPx], [3072, 1792]);
      assert.deepEqual(
        slide.info.levels.map(({ downsample }) => downsample),
        [1, 2, 4, 8, 16],
      );
      assert.ok(
        slide.info.levels.every(({ compression, tileWidthPx }) => compression === 'jpeg' && tileWidthPx === 256),
      );
    } finally {
      await slide.close();
    }
    // What is on disk is what was drawn, but for JPEG.
    const drawn = renderSlide(small);
    const stored = await sharp(file).removeAlpha().raw().toBuffer();
    assert.equal(stored.length, drawn.length);
    const difference = stored.reduce((sum, value, i) => sum + Math.abs(value - drawn[i]!), 0) / stored.length;
    assert.ok(difference < 6, `mean difference ${difference}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** Colour features and classes of the patches of a slide that are at least 75 % one class. */
function colours(spec: DemoSlideSpec): { features: Float32Array; labels: number[] } {
  const rgb = renderSlide(spec);
  const truth = truthOf(spec);
  const grid = patchGrid({ widthPx: spec.widthPx, heightPx: spec.heightPx, downsample: 1, sizePx: 224 });
  const rows: Float32Array[] = [];
  const labels: number[] = [];
  const patch = new Uint8Array(224 * 224 * 3);
  for (let row = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++) {
      const { x, y } = patchBox(grid, column, row);
      const label = labelOfBox(truth, { x, y, width: 224, height: 224 }, demoClasses.length, 0.75);
      if (label === null) continue;
      for (let v = 0; v < 224; v++) {
        const from = ((y + v) * spec.widthPx + x) * 3;
        patch.set(rgb.subarray(from, from + 224 * 3), v * 224 * 3);
      }
      const features = new Float32Array(colourFeatureCount);
      colourFeatures(patch, features);
      rows.push(features);
      labels.push(label);
    }
  }
  return { features: joined(rows), labels };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

test('colour alone, learned on slides 1 to 3, does not tell the classes of slide 6', () => {
  const train = demoSlideSpecs.slice(0, 3).map(colours);
  const features = joined(train.map((slide) => slide.features));
  const labels = train.flatMap((slide) => slide.labels);
  const model = trainColourBaseline(features, labels, demoClasses.length);
  assert.ok(colourBaselineAccuracy(model, features, labels) > 0.95, 'it did learn slides 1 to 3');
  const sixth = colours(demoSlideSpecs[5]!);
  const accuracy = colourBaselineAccuracy(model, sixth.features, sixth.labels);
  assert.ok(accuracy < 0.8, `balanced accuracy ${accuracy}`);
});
