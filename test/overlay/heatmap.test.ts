import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cellBox, classAt, gridOver, patchBox, probabilityAt } from '../../app/overlay/heatmap.ts';
import { summarize } from '../../app/overlay/summary.ts';
import { heatmapOf } from './heatmap-fixture.ts';

test('a point finds the cell that it lies in, and nothing where nothing was predicted or beyond the grid', () => {
  const map = heatmapOf(['gs', '.s'], { x: 100, y: 200, strideX: 10, strideY: 20 });
  assert.deepEqual(probabilityAt(map, [100, 200]), [0.75, 0.25]);
  assert.deepEqual(probabilityAt(map, [109.9, 219.9]), [0.75, 0.25]);
  assert.deepEqual(probabilityAt(map, [110, 200]), [0.25, 0.75]);
  assert.deepEqual(probabilityAt(map, [119, 239]), [0.25, 0.75]);
  for (const point of [
    [105, 225],
    [99.9, 205],
    [120, 205],
    [105, 199],
    [105, 240],
  ] as const) {
    assert.equal(probabilityAt(map, point), null, String(point));
  }
  assert.deepEqual([classAt(map, 0, 0), classAt(map, 1, 0), classAt(map, 0, 1)], [0, 1, -1]);
});

test('the grid holds all whole patches of a slide and no other', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.double({ min: 16, max: 600, noNaN: true }),
      fc.double({ min: 0.25, max: 1.5, noNaN: true }),
      (widthPx, heightPx, patch, share) => {
        const grid = gridOver({ widthPx, heightPx }, patch, patch * share);
        if (patch > widthPx) assert.equal(grid.columns, 0);
        if (patch > heightPx) assert.equal(grid.rows, 0);
        if (grid.columns === 0 || grid.rows === 0) return;
        const first = patchBox(grid, 0, 0);
        const last = patchBox(grid, grid.columns - 1, grid.rows - 1);
        assert.ok(Math.abs(first.x) < 1e-6 && Math.abs(first.y) < 1e-6);
        assert.ok(last.x + last.width <= widthPx + 1e-3 && last.y + last.height <= heightPx + 1e-3);
        assert.ok(last.x + last.width + grid.strideX > widthPx - 1e-3, 'one more column would not fit');
        const cell = cellBox(grid, grid.columns - 1, 0);
        const box = patchBox(grid, grid.columns - 1, 0);
        assert.ok(Math.abs(cell.x + cell.width / 2 - (box.x + box.width / 2)) < 1e-6, 'one centre');
      },
    ),
  );
});

test('the summary counts each cell for its most probable class and gives its area', () => {
  const map = heatmapOf(['ggs', '.s.'], { strideX: 10, strideY: 20 });
  const summary = summarize(map, 'r1');
  // 10 px x 0.5 µm by 20 px x 0.25 µm = 25 µm² a cell.
  assert.deepEqual(
    summary.classes.map(({ patches, areaUm2 }) => [patches, areaUm2]),
    [
      [2, 50],
      [2, 50],
    ],
  );
  assert.deepEqual(summary.grid, { x: 0, y: 0, strideX: 10, strideY: 20 });
  const unknown = { ...map, header: { ...map.header, mpp: null } };
  assert.deepEqual(
    summarize(unknown, 'r1').classes.map(({ areaUm2 }) => areaUm2),
    [null, null],
  );
});
