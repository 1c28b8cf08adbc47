import assert from 'node:assert/strict';
import { test } from 'node:test';
import { augmentSchema } from '../../app/core/recipe-augment.ts';
import {
  contextPxFor,
  cropPatch,
  patchOffset,
  patchRegion,
  patchStoreLayout,
} from '../../app/patches/patch-store-format.ts';

test('patches lie one after another with their margins', () => {
  const layout = patchStoreLayout({ count: 3, sizePx: 224, contextPx: 16 });
  assert.equal(layout.sidePx, 256);
  assert.equal(layout.bytesPerPatch, 256 * 256 * 3);
  assert.equal(patchOffset(layout, 2) + layout.bytesPerPatch, layout.bytes);
  for (const index of [-1, 3, 0.5]) assert.throws(() => patchOffset(layout, index), RangeError);
});

test('the margin reaches the corner of a turned patch seen through the widest zoom', () => {
  assert.equal(contextPxFor(224, null), 0);
  assert.equal(contextPxFor(224, augmentSchema.parse({ kind: 'keras', rotation: 20 })), 0);
  assert.equal(contextPxFor(224, augmentSchema.parse({ rotate: false, zoom: 0 })), 0);
  const context = contextPxFor(224, augmentSchema.parse({ rotate: true, zoom: 0.1 }));
  assert.ok(112 + context >= (112 * Math.SQRT2) / 0.9);
  assert.ok(112 + context < (112 * Math.SQRT2) / 0.9 + 1);
});

test('the request for a patch starts one margin above and to the left of it, in level-0 px', () => {
  const request = patchRegion({ x: 1000, y: 500 }, { sizePx: 224, contextPx: 16 }, 2);
  assert.deepEqual(request, { x: 968, y: 468, widthPx: 256, heightPx: 256, downsample: 2 });
});

test('cropping takes the margin away and nothing else', () => {
  // Each pixel holds its own column and row.
  const shape = { sizePx: 3, contextPx: 2 };
  const stored = Uint8Array.from({ length: 7 * 7 * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return [pixel % 7, Math.floor(pixel / 7), 9][i % 3]!;
  });
  const into = new Uint8Array(1 + 27);
  cropPatch(stored, shape, into, 1);
  const expected = [2, 3, 4].flatMap((y) => [2, 3, 4].flatMap((x) => [x, y, 9]));
  assert.deepEqual([...into], [0, ...expected]);
});
