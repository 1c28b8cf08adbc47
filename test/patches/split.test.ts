import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PatientPart, SplitPart } from '../../app/core/project.ts';
import { assertNoDuplicateTiles, assertNoLeak, duplicateTiles } from '../../app/patches/leak.ts';
import { describeSplitWarnings, type SplitPatient, splitPatients } from '../../app/patches/split.ts';

function people(count: number, classes: readonly string[], prefix = 'p'): SplitPatient[] {
  return Array.from({ length: count }, (_, i) => ({ patient: `${prefix}${i}`, classes }));
}

function counts(parts: readonly PatientPart[]): Record<SplitPart, number> {
  const out = { train: 0, validation: 0, test: 0 };
  for (const { part } of parts) out[part]++;
  return out;
}

test('ten patients of one class fill 60/20/20', () => {
  assert.deepEqual(counts(splitPatients(people(10, ['a']), [], 'key').parts), { train: 6, validation: 2, test: 2 });
});

test('a test part may be empty, and two patients train and validate', () => {
  const noTest = splitPatients(people(10, ['a']), [], 'key', { train: 0.8, validation: 0.2, test: 0 });
  assert.deepEqual(counts(noTest.parts), { train: 8, validation: 2, test: 0 });
  assert.deepEqual(counts(splitPatients(people(2, ['a']), [], 'key').parts), { train: 1, validation: 1, test: 0 });
});

test('a rare class reaches every part too', () => {
  const patients = [...people(40, ['common']), ...people(5, ['common', 'rare'], 'r')];
  const { parts } = splitPatients(patients, [], 'key');
  const rare = counts(parts.filter(({ patient }) => patient.startsWith('r')));
  assert.deepEqual(rare, { train: 3, validation: 1, test: 1 });
});

test('the order of the list does not matter, the key does', () => {
  const patients = people(30, ['a']);
  const one = splitPatients(patients, [], 'key').parts;
  assert.deepEqual(splitPatients(patients.toReversed(), [], 'key').parts, one);
  assert.notDeepEqual(splitPatients(patients, [], 'other').parts, one);
});

test('pinned patients stay and count towards the quota', () => {
  const pinned: PatientPart[] = ['p0', 'p1'].map((patient) => ({ patient, part: 'test', pinned: true }));
  const { parts } = splitPatients(people(10, ['a']), pinned, 'key');
  assert.deepEqual(
    parts.filter(({ pinned }) => pinned).map(({ patient, part }) => [patient, part]),
    [
      ['p0', 'test'],
      ['p1', 'test'],
    ],
  );
  assert.deepEqual(counts(parts), { train: 6, validation: 2, test: 2 });
});

test('fewer than six patients: no test claim, in words; a class missing from a part is named', () => {
  const { warnings } = splitPatients([...people(8, ['a']), ...people(2, ['b'], 'q')], [], 'key');
  const words = describeSplitWarnings(warnings, (classId) => `class-${classId}`);
  assert.deepEqual(words, [
    'No patient of class class-b is in the test part.',
    'Too few patients to claim a test result for others (6 a class at least): class-b 2. Cross-validation judges each of them once.',
  ]);
});

test('shares that leave nobody to train on are refused', () => {
  const wrong = { train: 0, validation: 0.5, test: 0.5 };
  assert.throws(() => splitPatients(people(3, ['a']), [], 'key', wrong), { code: 'split/fractions' });
});

const patientsOf = (prefix: string): fc.Arbitrary<SplitPatient[]> =>
  fc.array(
    fc.record({
      patient: fc.integer({ min: 0, max: 60 }).map((n) => `${prefix}${n}`),
      classes: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 }),
    }),
    { maxLength: 40 },
  );

test('one part for each patient, whatever comes; later patients move nobody', () => {
  const property = fc.property(patientsOf('p'), patientsOf('q'), fc.string(), (first, later, key) => {
    const before = splitPatients(first, [], key).parts;
    const after = splitPatients([...later, ...first], before, key).parts;
    const names = after.map(({ patient }) => patient);
    assert.equal(new Set(names).size, names.length, 'a patient stands twice');
    assert.deepEqual(new Set(names), new Set([...first, ...later].map(({ patient }) => patient)));
    const now = new Map(after.map((entry) => [entry.patient, entry]));
    for (const entry of before) assert.deepEqual(now.get(entry.patient), entry);
    // Every patch takes its patient's part: no overlap can come of it.
    assertNoLeak(after);
  });
  fc.assert(property, { numRuns: 2000 });
});

test('each class comes within one patient of its quota where classes do not share patients', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 60 }),
    fc.integer({ min: 1, max: 60 }),
    fc.string(),
    (a, b, key) => {
      const { parts } = splitPatients([...people(a, ['a']), ...people(b, ['b'], 'q')], [], key);
      for (const [prefix, size] of [
        ['p', a],
        ['q', b],
      ] as const) {
        const got = counts(parts.filter(({ patient }) => patient.startsWith(prefix)));
        assert.ok(Math.abs(got.train - 0.6 * size) <= 1 + 1e-9);
        assert.ok(Math.abs(got.validation - 0.2 * size) <= 1 + 1e-9);
      }
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test('a planted leak is always refused', () => {
  const patches = fc.array(
    fc.record({ patient: fc.integer({ min: 0, max: 20 }).map(String), part: fc.constant<SplitPart>('train') }),
    { minLength: 1 },
  );
  const property = fc.property(
    patches,
    fc.nat(),
    fc.constantFrom<SplitPart>('validation', 'test'),
    (clean, at, part) => {
      assertNoLeak(clean);
      const victim = clean[at % clean.length]!.patient;
      assert.throws(() => assertNoLeak([...clean, { patient: victim, part }]), { code: 'split/leak' });
    },
  );
  fc.assert(property, { numRuns: 500 });
});

test('pixel-equal patches in two parts are found and refused; inside one part they are not', () => {
  const tiles = [
    { hash: 'x', part: 'train' },
    { hash: 'x', part: 'train' },
    { hash: 'y', part: 'train' },
    { hash: 'y', part: 'validation' },
  ] as const;
  assert.deepEqual(duplicateTiles(tiles), [{ hash: 'y', indices: [2, 3] }]);
  assert.throws(() => assertNoDuplicateTiles(tiles), { code: 'split/duplicate' });
  assertNoDuplicateTiles(tiles.slice(0, 3));
});
