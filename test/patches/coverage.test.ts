import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { boxPolygon, containsPoint, type Point } from '../../app/core/geometry.ts';
import type { TissueMask } from '../../app/core/slide.ts';
import { coverage, type PatchCoverage } from '../../app/patches/coverage.ts';
import { type PatchGrid, patchBox, patchGrid } from '../../app/patches/grid.ts';

const grid = patchGrid({ widthPx: 400, heightPx: 300, downsample: 1, sizePx: 100 });

function at(all: Iterable<PatchCoverage>, column: number, row: number): PatchCoverage | undefined {
  return [...all].find((patch) => patch.column === column && patch.row === row);
}

function near(actual: number | undefined, expected: number, tolerance = 1e-9): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

test('a rectangle gives each patch its share of area', () => {
  const geometry = [boxPolygon({ x: 50, y: 0, width: 125, height: 100 })];
  const all = [...coverage(grid, [{ id: 'r', classId: 'a', geometry }], null)];
  assert.equal(all.length, 2);
  near(at(all, 0, 0)?.classes.get('a')?.area, 0.5);
  near(at(all, 1, 0)?.classes.get('a')?.area, 0.75);
  near(at(all, 1, 0)?.regions.get('r')?.area, 0.75);
});

test('a hole is not covered', () => {
  const outer = boxPolygon({ x: 0, y: 0, width: 200, height: 200 })[0]!;
  const hole = boxPolygon({ x: 100, y: 0, width: 50, height: 100 })[0]!;
  const all = [...coverage(grid, [{ id: 'r', classId: 'a', geometry: [[outer, hole]] }], null)];
  near(at(all, 0, 0)?.classes.get('a')?.area, 1);
  near(at(all, 1, 0)?.classes.get('a')?.area, 0.5);
});

test('regions of one class over each other count once, of different classes each for its own', () => {
  const left = [boxPolygon({ x: 0, y: 0, width: 60, height: 100 })];
  const right = [boxPolygon({ x: 40, y: 0, width: 60, height: 100 })];
  const same = at(
    coverage(
      grid,
      [
        { id: 'l', classId: 'a', geometry: left },
        { id: 'r', classId: 'a', geometry: right },
      ],
      null,
    ),
    0,
    0,
  );
  near(same?.classes.get('a')?.area, 1);
  near(same?.regions.get('l')?.area, 0.6);
  const two = at(
    coverage(
      grid,
      [
        { id: 'l', classId: 'a', geometry: left },
        { id: 'r', classId: 'b', geometry: right },
      ],
      null,
    ),
    0,
    0,
  );
  near(two?.classes.get('a')?.area, 0.6);
  near(two?.classes.get('b')?.area, 0.6);
});

test('tissue is counted where region and tissue meet', () => {
  // Tissue in the left half of patch (0, 0), on a mask of 10 px cells.
  const mask: TissueMask = { data: new Uint8Array(40 * 30), widthPx: 40, heightPx: 30, downsample: 10, threshold: 0 };
  for (let y = 0; y < 10; y++) mask.data.fill(255, y * 40, y * 40 + 5);
  const geometry = [boxPolygon({ x: 25, y: 0, width: 75, height: 100 })];
  const patch = at(coverage(grid, [{ id: 'r', classId: 'a', geometry }], mask), 0, 0);
  near(patch?.tissue, 0.5);
  near(patch?.classes.get('a')?.area, 0.75);
  near(patch?.classes.get('a')?.tissue, 0.25);
});

/** Share of a 64 x 64 point lattice of the patch that lies inside. */
function counted(of: PatchGrid, column: number, row: number, ring: readonly Point[]): number {
  const box = patchBox(of, column, row);
  let inside = 0;
  for (let v = 0; v < 64; v++) {
    for (let u = 0; u < 64; u++) {
      const point: Point = [box.x + ((u + 0.5) * box.width) / 64, box.y + ((v + 0.5) * box.height) / 64];
      if (containsPoint([[ring]], point)) inside++;
    }
  }
  return inside / 4096;
}

test('areas agree with counting points, on star-shaped outlines and overlapping grids', () => {
  const outline = fc.array(fc.double({ min: 20, max: 190, noNaN: true }), { minLength: 3, maxLength: 40 });
  const property = fc.property(outline, fc.integer({ min: 30, max: 100 }), (radii, stridePx) => {
    const overlapping = patchGrid({ widthPx: 400, heightPx: 300, downsample: 1, sizePx: 100, stridePx });
    const ring = radii.map((radius, i): Point => {
      const phi = (i / radii.length) * 2 * Math.PI;
      return [200 + radius * Math.cos(phi), 150 + radius * Math.sin(phi)];
    });
    const all = [...coverage(overlapping, [{ id: 'r', classId: 'a', geometry: [[ring]] }], null)];
    for (const [column, row] of [
      [0, 0],
      [1, 1],
      [overlapping.columns - 1, overlapping.rows - 1],
    ] as const) {
      const found = at(all, column, row)?.classes.get('a')?.area ?? 0;
      near(found, counted(overlapping, column, row, ring), 0.03);
    }
  });
  fc.assert(property, { numRuns: 40 });
});

test('thousands of patches under outlines of thousands of corners', () => {
  const big = patchGrid({ widthPx: 224 * 72, heightPx: 224 * 72, downsample: 1, sizePx: 224 });
  const regions = Array.from({ length: 20 }, (_, k) => ({
    id: `r${k}`,
    classId: k % 2 === 0 ? 'a' : 'b',
    geometry: [
      [
        Array.from({ length: 5000 }, (_, i): Point => {
          const phi = (i / 5000) * 2 * Math.PI;
          const radius = 3000 + 60 * Math.sin(40 * phi);
          return [4000 + 400 * k + radius * Math.cos(phi), 8000 + radius * Math.sin(phi)];
        }),
      ],
    ],
  }));
  let sum = 0;
  for (const patch of coverage(big, regions, null)) sum += patch.regions.get('r0')?.area ?? 0;
  const expected = (Math.PI * (3000 ** 2 + 60 ** 2 / 2)) / 224 ** 2;
  assert.ok(Math.abs(sum / expected - 1) < 0.002, `${sum} patches of area, expected ${expected}`);
});
