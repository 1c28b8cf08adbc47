/** Keras' classic augmentation against Keras itself: test/reference/training-keras.py. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { augmentSchema } from '../../../app/core/recipe-augment.ts';
import { augmentPatch } from '../../../app/training/augment/augment-patch.ts';
import type { KerasView } from '../../../app/training/augment/keras-view.ts';
import { centralView, viewOf } from '../../../app/training/augment/view.ts';
import { formulaPictures } from '../../networks/formula-weights.ts';
import { kerasNumbers } from '../../reference/training-keras.ts';

const { affine, affineSizePx: size, draws } = kerasNumbers;

test("each stored set of parameters gives Keras' picture, pixel by pixel", () => {
  assert.equal(affine.length, 8);
  const source = formulaPictures(1, size);
  const into = new Uint8Array(size * size * 3);
  for (const { theta, tx, ty, shear, zx, zy, flip_horizontal, flip_vertical, pixels } of affine) {
    const view: KerasView = {
      kind: 'keras',
      rotation: theta,
      heightShift: tx / size,
      widthShift: ty / size,
      shear,
      zoom: [zx, zy],
      flipHorizontal: flip_horizontal ?? false,
      flipVertical: flip_vertical ?? false,
    };
    augmentPatch(source, size, 0, view, into);
    let worst = 0;
    for (const [i, value] of pixels.entries()) worst = Math.max(worst, Math.abs(into[i]! - value));
    assert.ok(worst <= 0.6, `${JSON.stringify(view)}: ${worst} grey levels off`);
  }
});

test("what is drawn has the mean and spread of Keras' draws, and view 0 is the patch itself", () => {
  const augment = augmentSchema.parse({
    kind: 'keras',
    rotation: 20,
    widthShift: 0.2,
    heightShift: 0.2,
    shear: 0.2,
    zoom: 0.2,
    horizontalFlip: true,
  });
  assert.equal(viewOf(augment, 1, 0, 5), centralView);
  const views = Array.from({ length: 20000 }, (_, patch) => viewOf(augment, 1, 1, patch) as KerasView);
  const drawn: Record<string, (view: KerasView) => number> = {
    theta: (view) => view.rotation,
    tx: (view) => view.heightShift * 100,
    ty: (view) => view.widthShift * 100,
    shear: (view) => view.shear,
    zx: (view) => view.zoom[0],
    zy: (view) => view.zoom[1],
    flip_horizontal: (view) => Number(view.flipHorizontal),
  };
  assert.deepEqual(Object.keys(drawn), Object.keys(draws));
  for (const [name, read] of Object.entries(drawn)) {
    const values = views.map(read);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    const expected = draws[name]!;
    // Five standard errors of a mean of 20,000, of both sides.
    const tolerance = (5 * Math.SQRT2 * expected.deviation) / Math.sqrt(20000);
    assert.ok(Math.abs(mean - expected.mean) < tolerance, `${name}: mean ${mean}, Keras ${expected.mean}`);
    assert.ok(
      Math.abs(deviation / expected.deviation - 1) < 0.02,
      `${name}: ${deviation}, Keras ${expected.deviation}`,
    );
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const reach = Math.max(high - mean, mean - low) / expected.deviation;
    assert.ok(name === 'flip_horizontal' || reach < Math.sqrt(3) * 1.02, `${name} is uniform: reach ${reach}`);
  }
  assert.ok(views.every((view) => !view.flipVertical));
  const together = views.reduce((sum, { zoom: [zx, zy] }) => sum + (zx - 1) * (zy - 1), 0) / views.length;
  assert.ok(Math.abs(together) < 0.001, 'the two axes zoom by themselves');
});
