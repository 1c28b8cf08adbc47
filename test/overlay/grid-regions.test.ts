import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { areaPx2, containsPoint, ringArea } from '../../app/core/geometry.ts';
import { gridRegions } from '../../app/overlay/grid-regions.ts';

function labelsOf(lines: readonly string[]): [Int32Array, number, number] {
  const signs = [...lines.join('')].map((sign) => (sign === '.' ? -1 : sign.charCodeAt(0) - 97));
  return [Int32Array.from(signs), lines[0]!.length, lines.length];
}

test('one cell is a square, a row a rectangle of four corners', () => {
  const [single] = gridRegions(...labelsOf(['.', 'a']));
  assert.deepEqual(single!.polygon, [
    [
      [0, 1],
      [1, 1],
      [1, 2],
      [0, 2],
    ],
  ]);
  const [row] = gridRegions(...labelsOf(['aaa']));
  assert.deepEqual(row!.polygon, [
    [
      [0, 0],
      [3, 0],
      [3, 1],
      [0, 1],
    ],
  ]);
});

test('cells that meet only at a corner are regions of their own', () => {
  const regions = gridRegions(...labelsOf(['a.', '.a']));
  assert.equal(regions.length, 2);
});

test('a hole is a ring of the other direction', () => {
  const [region, inner] = gridRegions(...labelsOf(['aaa', 'aba', 'aaa']));
  assert.equal(region!.polygon.length, 2);
  assert.ok(ringArea(region!.polygon[0]!) > 0 && ringArea(region!.polygon[1]!) < 0);
  assert.equal(inner!.classIndex, 1);
});

test('a pocket that a corner closes becomes a hole, not a ring that touches itself', () => {
  const [region] = gridRegions(...labelsOf(['aaa', 'a.a', '.aa'].map((line) => line)));
  // The pocket at (1, 1) is closed by the corner (1, 2) between (0, 1) and (1, 2).
  assert.equal(region!.polygon.length, 2);
});

test('any picture: rings are simple, areas add up, and each cell lies in the region of its class alone', () => {
  const picture = fc
    .record({ columns: fc.integer({ min: 1, max: 9 }), rows: fc.integer({ min: 1, max: 9 }) })
    .chain(({ columns, rows }) =>
      fc.record({
        columns: fc.constant(columns),
        rows: fc.constant(rows),
        labels: fc.array(fc.integer({ min: -1, max: 1 }), { minLength: columns * rows, maxLength: columns * rows }),
      }),
    );
  fc.assert(
    fc.property(picture, ({ columns, rows, labels }) => {
      const regions = gridRegions(Int32Array.from(labels), columns, rows);
      for (const { polygon, cells, classIndex } of regions) {
        assert.equal(areaPx2([polygon]), cells.length);
        polygon.forEach((ring, i) => {
          assert.equal(ringArea(ring) > 0, i === 0, 'the outer ring first, then holes');
          assert.equal(new Set(ring.map(String)).size, ring.length, 'no corner twice');
          ring.forEach(([x, y], k) => {
            const [nextX, nextY] = ring[(k + 1) % ring.length]!;
            const [afterX, afterY] = ring[(k + 2) % ring.length]!;
            assert.ok((x === nextX) !== (y === nextY), 'along the grid');
            assert.ok(
              (x === nextX) === (nextY === afterY) && (y === nextY) === (nextX === afterX),
              'a turn at each corner',
            );
          });
        });
        for (const cell of cells) assert.equal(labels[cell], classIndex);
      }
      labels.forEach((label, cell) => {
        const centre = [(cell % columns) + 0.5, Math.floor(cell / columns) + 0.5] as const;
        const around = regions.filter(({ polygon }) => containsPoint([polygon], centre));
        assert.deepEqual(
          around.map(({ classIndex }) => classIndex),
          label < 0 ? [] : [label],
        );
      });
    }),
    { numRuns: 500 },
  );
});
