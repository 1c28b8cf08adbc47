import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { patchBox, patchGrid } from '../../app/patches/grid.ts';

test('patches inside: only whole ones, anchored at the origin', () => {
  const grid = patchGrid({ widthPx: 1000, heightPx: 700, downsample: 1, sizePx: 224 });
  assert.deepEqual([grid.columns, grid.rows, grid.stride, grid.side], [4, 3, 224, 224]);
  assert.deepEqual(patchBox(grid, 3, 2), { x: 672, y: 448, width: 224, height: 224 });
});

test('a finer slide is resampled: the patch is wider in level-0 px', () => {
  const grid = patchGrid({ widthPx: 1000, heightPx: 1000, downsample: 2, sizePx: 224, stridePx: 112 });
  assert.deepEqual([grid.side, grid.stride, grid.columns], [448, 224, 3]);
});

test('an exact fit of n patches is n patches, whatever rounding does', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 300 }),
    fc.double({ min: 0.2, max: 8, noNaN: true }),
    (n, downsample) => {
      const request = { widthPx: n * 224 * downsample, heightPx: 224 * downsample, downsample, sizePx: 224 };
      for (const cover of ['inside', 'borders'] as const) {
        const grid = patchGrid({ ...request, cover });
        assert.deepEqual([grid.columns, grid.rows], [n, 1]);
      }
    },
  );
  fc.assert(property, { numRuns: 2000 });
});

test('a slide smaller than a patch has none inside and one over its borders', () => {
  const request = { widthPx: 100, heightPx: 100, downsample: 1, sizePx: 224 };
  assert.equal(patchGrid(request).columns, 0);
  assert.equal(patchGrid({ ...request, cover: 'borders' }).columns, 1);
});

test('inside stays inside, borders cover everything and no patch starts beyond the slide', () => {
  const length = fc.integer({ min: 1, max: 5000 });
  const property = fc.property(
    length,
    fc.integer({ min: 8, max: 300 }),
    fc.double({ min: 0.3, max: 5, noNaN: true }),
    fc.double({ min: 0.3, max: 1, noNaN: true }),
    (widthPx, sizePx, downsample, overlap) => {
      const request = { widthPx, heightPx: widthPx, downsample, sizePx, stridePx: sizePx * overlap };
      const inside = patchGrid(request);
      if (inside.columns > 0) {
        const last = patchBox(inside, inside.columns - 1, 0);
        assert.ok(last.x + last.width <= widthPx + 0.01);
        assert.ok(last.x + last.width + inside.stride > widthPx - 0.01, 'one more would have fitted');
      }
      const borders = patchGrid({ ...request, cover: 'borders' });
      const end = patchBox(borders, borders.columns - 1, 0);
      assert.ok(end.x + end.width >= widthPx - 0.01);
      assert.ok(end.x < widthPx);
    },
  );
  fc.assert(property, { numRuns: 500 });
});

test('sizes that make no grid are refused', () => {
  assert.throws(() => patchGrid({ widthPx: 100, heightPx: 100, downsample: 0, sizePx: 224 }), { code: 'patches/grid' });
  assert.throws(() => patchGrid({ widthPx: 100, heightPx: 100, downsample: 1, sizePx: 224, stridePx: -1 }), {
    code: 'patches/grid',
  });
});
