import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { groupFolds } from '../../app/patches/folds.ts';

test('folds: a patient stands in one fold, no fold is empty, and classes spread', () => {
  const rows = fc.array(
    fc.record({ group: fc.integer({ min: 0, max: 15 }).map(String), label: fc.integer({ min: 0, max: 2 }) }),
    {
      minLength: 1,
      maxLength: 200,
    },
  );
  const property = fc.property(rows, fc.integer({ min: 2, max: 6 }), fc.nat(), (list, folds, seed) => {
    const groups = list.map(({ group }) => group);
    const found = groupFolds(
      groups,
      list.map(({ label }) => label),
      folds,
      seed,
    );
    assert.equal(found.folds, Math.min(folds, new Set(groups).size));
    const foldOf = new Map<string, number>();
    for (const [i, group] of groups.entries()) {
      assert.equal(foldOf.get(group) ?? found.fold[i], found.fold[i]);
      foldOf.set(group, found.fold[i]!);
    }
    assert.equal(new Set(found.fold).size, found.folds);
  });
  fc.assert(property, { numRuns: 500 });
  const even = groupFolds(
    Array.from({ length: 20 }, (_, i) => `p${i}`),
    Array.from({ length: 20 }, (_, i) => i % 2),
    5,
    1,
  );
  for (let fold = 0; fold < 5; fold++) {
    const members = [...even.fold.keys()].filter((i) => even.fold[i] === fold);
    assert.equal(members.filter((i) => i % 2 === 0).length, 2);
  }
});
