/** The outline of a brush stroke against what the plane says: areas, holes, distances. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { areaPx2, containsPoint, type Point, ringArea } from '../../../app/core/geometry.ts';
import { strokeOutline } from '../../../renderer/viewer/brush-outline.ts';
import { distanceToSegment } from '../../../renderer/viewer/simplify.ts';

const near = (actual: number, expected: number, share: number): void =>
  assert.ok(Math.abs(actual - expected) <= share * expected, `${actual} is not within ${share} of ${expected}`);

test('a dab is a disc', () => {
  const shape = strokeOutline([[1000, 2000]], 50);
  assert.equal(shape.length, 1);
  assert.equal(shape[0]!.length, 1);
  near(areaPx2(shape), Math.PI * 50 * 50, 0.02);
});

test('a straight stroke is a disc drawn out', () => {
  near(
    areaPx2(
      strokeOutline(
        [
          [0, 0],
          [400, 300],
        ],
        20,
      ),
    ),
    Math.PI * 20 * 20 + 500 * 40,
    0.02,
  );
});

test('a stroke that closes on itself has a hole, turned the other way', () => {
  const loop: Point[] = [
    [0, 0],
    [300, 0],
    [300, 300],
    [0, 300],
    [0, 0],
  ];
  const shape = strokeOutline(loop, 30);
  assert.equal(shape.length, 1);
  const [outer, hole, ...more] = shape[0]!;
  assert.equal(more.length, 0);
  near(Math.abs(ringArea(hole!)), 240 * 240, 0.02);
  assert.equal(Math.sign(ringArea(outer!)), -Math.sign(ringArea(hole!)));
  assert.equal(containsPoint(shape, [150, 150]), false);
  assert.equal(containsPoint(shape, [0, 150]), true);
});

test('whatever the stroke, a point is inside exactly where it is nearer than the radius, up to a tenth of it', () => {
  const coordinate = fc.integer({ min: -2000, max: 2000 });
  const place = fc.tuple(coordinate, coordinate);
  fc.assert(
    fc.property(
      fc.array(place, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 5, max: 400 }),
      fc.array(place, { maxLength: 40 }),
      (path, radius, probes) => {
        const shape = strokeOutline(path, radius);
        // A very long thin stroke is drawn on a coarser field.
        const slack = Math.max(radius / 10, 8);
        for (const probe of [...probes, ...path]) {
          const distance = Math.min(
            ...path.map((corner, index) => distanceToSegment(probe, path[Math.max(0, index - 1)]!, corner)),
          );
          if (Math.abs(distance - radius) < slack) continue;
          assert.equal(containsPoint(shape, probe), distance < radius);
        }
      },
    ),
    { numRuns: 60 },
  );
});
