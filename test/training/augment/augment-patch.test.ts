import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { augmentSchema, type TissueAugment } from '../../../app/core/recipe-augment.ts';
import { augmentPatch } from '../../../app/training/augment/augment-patch.ts';
import { centralView, type TissueView, viewOf } from '../../../app/training/augment/view.ts';

const size = 32;
const context = 10;
const side = size + 2 * context;

/** Red is the column, green the row, blue constant: a pixel says where it came from. */
function coordinates(): Uint8Array {
  const out = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) out.set([4 * x, 4 * y, 90], (y * side + x) * 3);
  return out;
}

function viewed(view: Partial<TissueView>, source = coordinates(), contextPx = context): Uint8Array {
  const out = new Uint8Array(size * size * 3);
  augmentPatch(source, size, contextPx, { ...centralView, ...view }, out);
  return out;
}

const at = (pixels: Uint8Array, x: number, y: number): [number, number] => {
  const i = (y * size + x) * 3;
  return [pixels[i]! / 4, pixels[i + 1]! / 4];
};

test('the central view is the patch itself', () => {
  const out = viewed({});
  assert.deepEqual(at(out, 0, 0), [context, context]);
  assert.deepEqual(at(out, size - 1, 5), [context + size - 1, context + 5]);
});

test('flips mirror, and a quarter turn moves the top edge to the left', () => {
  assert.deepEqual(at(viewed({ flipX: true }), 0, 3), [context + size - 1, context + 3]);
  assert.deepEqual(at(viewed({ flipY: true }), 4, 0), [context + 4, context + size - 1]);
  const turned = viewed({ angle: Math.PI / 2 });
  // Counter-clockwise: what was at the top right is at the top left now.
  assert.deepEqual(at(turned, 0, 0), [context + size - 1, context]);
  assert.deepEqual(at(turned, 0, size - 1), [context, context]);
});

test('any view of a patch with enough context shows only pixels of its own neighbourhood, none twice mirrored', () => {
  const augment: TissueAugment = { ...(augmentSchema.parse({}) as TissueAugment), stain: 0, blurPx: 0, brightness: 0 };
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 31 }), fc.nat(5000), (view, patch) => {
      const drawn = viewOf(augment, 1, view, patch) as TissueView;
      const out = viewed(drawn);
      // The middle of the view is the middle of the patch, and one step right in the view is `scale` px in the source.
      const [x0, y0] = at(out, 15, 15);
      const [x1, y1] = at(out, 16, 16);
      assert.ok(Math.abs((x0 + x1) / 2 - (side - 1) / 2) < 0.3);
      assert.ok(Math.abs((y0 + y1) / 2 - (side - 1) / 2) < 0.3);
      const [left, top] = at(out, 3, 16);
      const [right, bottom] = at(out, 28, 16);
      const length = Math.hypot(right - left, bottom - top) / 25;
      assert.ok(Math.abs(length - drawn.scale) < 0.03, `${length} against ${drawn.scale}`);
    }),
    { numRuns: 60 },
  );
});

test('without context the edge is mirrored: every colour of a turned constant picture stays', () => {
  const plain = new Uint8Array(size * size * 3).fill(137);
  const out = viewed({ angle: 0.7, scale: 1.1 }, plain, 0);
  assert.ok(out.every((value) => value === 137));
});

test('a view depends on seed, view and patch alone; view 0 is central', () => {
  const augment = augmentSchema.parse({});
  assert.deepEqual(viewOf(augment, 1, 2, 3), viewOf(augment, 1, 2, 3));
  assert.notDeepEqual(viewOf(augment, 1, 2, 3), viewOf(augment, 2, 2, 3));
  assert.notDeepEqual(viewOf(augment, 1, 2, 3), viewOf(augment, 1, 2, 4));
  assert.deepEqual(viewOf(augment, 1, 0, 3), centralView);
  assert.deepEqual(viewOf(null, 1, 2, 3), centralView);
});

test('one setting does not move the draws of another', () => {
  const augment = augmentSchema.parse({}) as TissueAugment;
  const { stain: _, ...withStain } = viewOf(augment, 1, 2, 3) as TissueView;
  const { stain: __, ...without } = viewOf({ ...augment, stain: 0 }, 1, 2, 3) as TissueView;
  assert.deepEqual(withStain, without);
});

test('a stain jitter of nothing leaves every colour within rounding', () => {
  const source = Uint8Array.from({ length: size * size * 3 }, (_, i) => 1 + ((i * 37) % 255));
  const out = viewed({ stain: { factor: [1, 1, 1], shift: [0, 0, 0] } }, source, 0);
  for (const [i, value] of source.entries()) assert.ok(Math.abs(value - out[i]!) <= 1, `${value} became ${out[i]}`);
});

test('twice the haematoxylin of a haematoxylin colour is the square of its transmittance', () => {
  const vector = [0.65, 0.7, 0.29].map((value) => value / Math.hypot(0.65, 0.7, 0.29));
  const colour = (amount: number): number[] => vector.map((value) => Math.round(255 * Math.exp(-amount * value)));
  const source = new Uint8Array(size * size * 3);
  for (let i = 0; i < source.length; i += 3) source.set(colour(0.5), i);
  const out = viewed({ stain: { factor: [2, 1, 1], shift: [0, 0, 0] } }, source, 0);
  for (const [k, expected] of colour(1).entries())
    assert.ok(Math.abs(out[k]! - expected) <= 2, `${out[k]}, ${expected}`);
});

test('brightness multiplies and saturates', () => {
  const source = new Uint8Array(size * size * 3).fill(100);
  assert.ok(viewed({ brightness: 1.2 }, source, 0).every((value) => Math.abs(value - 120) <= 1));
  const bright = new Uint8Array(size * size * 3).fill(250);
  assert.ok(viewed({ brightness: 1.2 }, bright, 0).every((value) => value === 255));
});

test('blur spreads a point by its sigma and keeps its sum', () => {
  const source = new Uint8Array(size * size * 3);
  source.fill(240, (16 * size + 16) * 3, (16 * size + 16) * 3 + 3);
  const out = viewed({ blurPx: 1.5 }, source, 0);
  let sum = 0;
  let spread = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const value = out[(y * size + x) * 3]!;
      sum += value;
      spread += value * (x - 16) ** 2;
    }
  }
  assert.ok(Math.abs(sum / 240 - 1) < 0.1, `sum ${sum / 240}`);
  assert.ok(Math.abs(Math.sqrt(spread / sum) - 1.5) < 0.15, `sigma ${Math.sqrt(spread / sum)}`);
});
