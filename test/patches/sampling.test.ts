import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capPerClass, epochOrder, type SampledPatch } from '../../app/patches/sampling.ts';

function repeat(count: number, patch: SampledPatch): SampledPatch[] {
  return Array.from({ length: count }, () => patch);
}

/** Class 0: a patient with a large and a small region, and another patient. Class 1: a few patches. */
const patches: SampledPatch[] = [
  ...repeat(90, { classIndex: 0, patient: 'A', region: 'large' }),
  ...repeat(6, { classIndex: 0, patient: 'A', region: 'small' }),
  ...repeat(12, { classIndex: 0, patient: 'B', region: 'other' }),
  ...repeat(12, { classIndex: 1, patient: 'B', region: 'rare' }),
];

test('shuffle brings every patch once, each epoch in another order, the same for the same seed', () => {
  const first = epochOrder(patches, { mode: 'shuffle', seed: 1, epoch: 1 });
  assert.deepEqual(first.toSorted(), Uint32Array.from(patches.keys()));
  assert.deepEqual(epochOrder(patches, { mode: 'shuffle', seed: 1, epoch: 1 }), first);
  assert.notDeepEqual(epochOrder(patches, { mode: 'shuffle', seed: 1, epoch: 2 }), first);
  assert.notDeepEqual(epochOrder(patches, { mode: 'shuffle', seed: 2, epoch: 1 }), first);
});

test('balanced takes turns through classes, patients and regions', () => {
  const order = epochOrder(patches, { mode: 'balanced', seed: 1, epoch: 1 });
  assert.equal(order.length, patches.length);
  const share = (want: Partial<SampledPatch>): number =>
    [...order].filter((i) =>
      Object.entries(want).every(([key, value]) => patches[i]![key as keyof SampledPatch] === value),
    ).length;
  assert.equal(share({ classIndex: 1 }), 60);
  assert.equal(share({ classIndex: 0, patient: 'B' }), 30);
  assert.equal(share({ region: 'small' }), 15);
  assert.equal(share({ region: 'large' }), 15);
});

test('a patch does not come again before all others of its region have come', () => {
  const order = [...epochOrder(patches, { mode: 'balanced', seed: 3, epoch: 1 })].filter(
    (i) => patches[i]!.classIndex === 1,
  );
  for (let from = 0; from + 12 <= order.length; from += 12)
    assert.equal(new Set(order.slice(from, from + 12)).size, 12);
});

test('a cap keeps small regions and leaves smaller classes whole', () => {
  const kept = capPerClass(patches, 24, 1);
  const regions = [...kept].map((i) => patches[i]!.region);
  const count = (name: string): number => regions.filter((region) => region === name).length;
  assert.deepEqual([count('large'), count('small'), count('other'), count('rare')], [6, 6, 12, 12]);
  assert.deepEqual(kept, kept.toSorted());
  assert.equal(capPerClass(patches, null, 1).length, patches.length);
});

test('nothing to draw from gives nothing', () => {
  assert.equal(epochOrder([], { mode: 'balanced', seed: 1, epoch: 1, length: 5 }).length, 0);
});
