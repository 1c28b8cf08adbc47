/** Union, difference and clipping on shapes whose areas are known. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areaPx2, boxPolygon } from '../../../app/core/geometry.ts';
import { clipToSlide, difference, moved, union } from '../../../renderer/viewer/shape-algebra.ts';

const square = (x: number, y: number, side: number) => [boxPolygon({ x, y, width: side, height: side })];

test('union of two that overlap', () => {
  assert.equal(areaPx2(union(square(0, 0, 10), square(5, 0, 10))), 150);
});

test('taking a middle away makes a hole, and rings are not closed by a repeated corner', () => {
  const ring = difference(square(0, 0, 30), square(10, 10, 10));
  assert.equal(areaPx2(ring), 800);
  assert.equal(ring[0]!.length, 2);
  assert.equal(ring[0]![0]!.length, 4);
});

test('taking all away leaves nothing', () => {
  assert.deepEqual(difference(square(5, 5, 10), square(0, 0, 30)), []);
});

test('what lies off the slide is cut, what lies wholly off it is gone', () => {
  assert.equal(areaPx2(clipToSlide(square(-5, -5, 10), 100, 100)), 25);
  assert.deepEqual(clipToSlide(square(200, 200, 10), 100, 100), []);
});

test('a ring that crosses itself comes back clean', () => {
  const bow = clipToSlide(
    [
      [
        [
          [0, 0],
          [10, 10],
          [10, 0],
          [0, 10],
        ],
      ],
    ],
    100,
    100,
  );
  assert.equal(areaPx2(bow), 50);
  assert.equal(bow.length, 2);
});

test('moving keeps the grid of 1/64 px', () => {
  assert.deepEqual(moved(square(0, 0, 2), 0.3, 0)[0]![0]![0], [0.296875, 0]);
});
