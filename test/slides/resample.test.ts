import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { resample, shrinkBy, sourceSpan } from '../../app/slides/resample.ts';

const sidePx = 40;
const span = { from: 0, to: sidePx };

function sample(data: Uint8Array, x: number, y: number, step: number, count: number): Uint8Array {
  const window = { data, x: 0, y: 0, widthPx: sidePx, heightPx: sidePx, slideAcross: span, slideDown: span };
  const out = new Uint8Array(count * count * 3);
  resample(window, x, y, step, step, { data: out, rowPx: count, left: 0, top: 0, widthPx: count, heightPx: count });
  return out;
}

/** The definition, px by px: the integral of the source over the output px, over its area. */
function areaMean(data: Uint8Array, x: number, y: number, step: number, c: number): number {
  let sum = 0;
  for (let j = Math.floor(y); j < y + step; j++)
    for (let i = Math.floor(x); i < x + step; i++) {
      const width = Math.min(i + 1, x + step) - Math.max(i, x);
      const height = Math.min(j + 1, y + step) - Math.max(j, y);
      sum += width * height * data[(j * sidePx + i) * 3 + c]!;
    }
  return sum / (step * step);
}

const picture = fc.uint8Array({ minLength: sidePx * sidePx * 3, maxLength: sidePx * sidePx * 3 });

test('every output px is the mean of the area under it', () => {
  const origin = fc.double({ min: 0, max: 8, noNaN: true });
  const step = fc.oneof(fc.constantFrom(1, 2, 3), fc.double({ min: 1, max: 4, noNaN: true }));
  fc.assert(
    fc.property(picture, fc.oneof(origin, fc.integer({ min: 0, max: 8 })), origin, step, (data, x, y, each) => {
      const out = sample(data, x, y, each, 7);
      for (const [i, j] of [
        [0, 0],
        [6, 0],
        [3, 5],
        [6, 6],
      ] as const)
        for (const c of [0, 1, 2]) {
          const wanted = areaMean(data, x + i * each, y + j * each, each, c);
          assert.ok(Math.abs(out[(j * 7 + i) * 3 + c]! - wanted) <= 0.501, `${i} ${j}: ${wanted}`);
        }
    }),
    { numRuns: 60, seed: 3 },
  );
});

test('a flat picture stays flat at every scale, finer ones included', () => {
  const flat = new Uint8Array(sidePx * sidePx * 3).fill(137);
  for (const step of [0.1, 0.5, 0.83, 1, 1.002, 2, 3.9])
    assert.ok(
      sample(flat, 0, 0, step, 9).every((value) => value === 137),
      `${step}`,
    );
});

test('the span covers what is touched and no more than a px beyond', () => {
  assert.deepEqual(sourceSpan(3, 2, 5), { from: 3, to: 13 });
  assert.deepEqual(sourceSpan(3.5, 1, 2), { from: 3, to: 6 });
  assert.deepEqual(sourceSpan(0, 0.5, 4), { from: -1, to: 3 });
});

test('shrinking keeps cells that the border cuts off as means of what is there', () => {
  const data = Uint8Array.from([10, 20, 60, 30, 40, 80].flatMap((value) => [value, value, value]));
  const { data: out, widthPx, heightPx } = shrinkBy(2, data, 3, 2);
  assert.deepEqual([widthPx, heightPx], [2, 1]);
  assert.deepEqual([...out], [25, 25, 25, 70, 70, 70]);
});

test('half the resolution is the mean of four px, rounded, anywhere in a window and in an output', () => {
  const [widthPx, heightPx] = [11, 9];
  const data = new Uint8Array(widthPx * heightPx * 3).map((_, i) => (i * 97) % 251);
  const span = { from: 0, to: widthPx };
  const window = { data, x: 5, y: 7, widthPx, heightPx, slideAcross: span, slideDown: { from: 0, to: heightPx } };
  const out = new Uint8Array(6 * 5 * 3);
  resample(window, 6, 8, 2, 2, { data: out, rowPx: 6, left: 1, top: 1, widthPx: 5, heightPx: 4 });
  for (let y = 0; y < 4; y++)
    for (let x = 0; x < 5; x++)
      for (let c = 0; c < 3; c++) {
        const at = ((1 + 2 * y) * widthPx + 1 + 2 * x) * 3 + c;
        const sum = data[at]! + data[at + 3]! + data[at + widthPx * 3]! + data[at + widthPx * 3 + 3]!;
        assert.equal(out[((1 + y) * 6 + 1 + x) * 3 + c], Math.floor((sum + 2) / 4), `${x} ${y} ${c}`);
      }
});
