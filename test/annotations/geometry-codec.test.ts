import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeGeometry, encodeGeometry, quantise } from '../../app/annotations/geometry-codec.ts';
import { withCode } from '../db/temp-project.ts';

const coordinate = fc.double({ min: -1000, max: 33_000_000, noNaN: true });
const ring = fc.array(fc.tuple(coordinate, coordinate), { minLength: 3, maxLength: 40 });
const polygon = fc.array(ring, { minLength: 1, maxLength: 4 });
const geometry = fc.array(polygon, { minLength: 1, maxLength: 3 });

test('polygons with holes and multipolygons come back exactly', () => {
  fc.assert(
    fc.property(geometry, (drawn) => {
      const stored = quantise(drawn);
      assert.deepEqual(decodeGeometry(encodeGeometry(stored)), stored);
      // What the client drew and what was stored are one and the same to the codec.
      assert.deepEqual(encodeGeometry(drawn), encodeGeometry(stored));
    }),
    { numRuns: 3000 },
  );
});

test('a coordinate moves by at most 1/128 px', () => {
  fc.assert(
    fc.property(coordinate, (x) => {
      const [[[[stored]]]] = quantise([[[[x, 0]]]]) as [[[[number, number]]]];
      assert.ok(Math.abs(stored - x) <= 1 / 128);
    }),
  );
});

test('a point takes eight bytes', () => {
  const points = Array.from({ length: 1000 }, (_, i) => [i, i * 2] as const);
  assert.equal(encodeGeometry([[points]]).length, 8 * 1000 + 4 * 4);
});

test('numbers that an int32 cannot hold are refused', () => {
  for (const x of [Number.NaN, Number.POSITIVE_INFINITY, 1e9, -1e9]) {
    assert.throws(() => encodeGeometry([[[[x, 0]]]]), withCode('annotation/not-finite'));
  }
});

test('damaged bytes are refused and allocate nothing', () => {
  const good = encodeGeometry([
    [
      [
        [0, 0],
        [1, 0],
        [0, 1],
      ],
    ],
  ]);
  for (let length = 0; length < good.length; length++) {
    assert.throws(() => decodeGeometry(good.subarray(0, length)), withCode('annotation/damaged'));
  }
  assert.throws(() => decodeGeometry(Buffer.concat([good, Buffer.alloc(1)])), withCode('annotation/damaged'));
  for (let word = 0; word < 4; word++) {
    const bad = Buffer.from(good);
    bad.writeInt32LE(0x7fffffff, 4 * word);
    assert.throws(() => decodeGeometry(bad), withCode('annotation/damaged'));
  }
});
