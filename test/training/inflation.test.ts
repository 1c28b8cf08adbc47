import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflationWords } from '../../app/core/inflation-words.ts';
import { randomFor } from '../../app/core/random.ts';
import { measureInflation } from '../../app/training/inflation.ts';
import type { PlannedPatch } from '../../app/training/ports.ts';

const breathe = async (): Promise<void> => {};
const [patientCount, each, d] = [8, 20, 24];

/** Patients of one class each; features that know the patient, and the class by `signal`. */
function cohort(signal: number): { patches: PlannedPatch[]; features: Float32Array } {
  const patches: PlannedPatch[] = [];
  const features = new Float32Array(patientCount * each * d);
  for (let p = 0; p < patientCount; p++) {
    const own = randomFor(3, 'patient', p);
    const mark = Array.from({ length: d }, () => own.normal());
    for (let i = 0; i < each; i++) {
      const index = patches.length;
      const classIndex = p % 2;
      const noise = randomFor(3, 'patch', index);
      mark.forEach((value, j) => {
        features[index * d + j] = value + 0.3 * noise.normal() + (j % 2 === 0 ? signal * classIndex : 0);
      });
      patches.push({ index, classIndex, patient: `p${p}`, region: `${p}`, part: 'train' });
    }
  }
  return { patches, features };
}

const measure = ({ patches, features }: ReturnType<typeof cohort>, known = true) =>
  measureInflation(
    { features, views: 1, labels: patches.map(({ classIndex }) => classIndex), classCount: 2 },
    patches,
    known,
    1,
    breathe,
  );

test('features that know only the patient look perfect on a random split and are worth nothing by patient', async () => {
  const found = (await measure(cohort(0)))!;
  assert.ok(found.byPatch > 0.98, `by patch ${found.byPatch}`);
  assert.ok(found.byPatient < 0.75, `by patient ${found.byPatient}`);
  assert.ok(Math.abs(found.difference - (found.byPatch - found.byPatient)) < 1e-6);
  assert.equal(found.patients, 8);
  assert.match(inflationWords(found), /random split of patches would have claimed.*recognition of the patients/);
});

test('features that know the class inflate nothing', async () => {
  const found = (await measure(cohort(8)))!;
  assert.ok(found.byPatient > 0.98 && Math.abs(found.difference) < 0.02, JSON.stringify(found));
  assert.match(inflationWords(found), /no clear difference/);
});

test('unknown patients, two of them, or one patch of each say nothing', async () => {
  assert.equal(await measure(cohort(0), false), null);
  const { patches, features } = cohort(0);
  const two = patches.map((patch) => ({ ...patch, patient: `p${patch.classIndex}` }));
  assert.equal(await measure({ patches: two, features }), null);
  const single = patches.map((patch) => ({ ...patch, patient: String(patch.index) }));
  assert.equal(await measure({ patches: single, features }), null, 'one patch a patient: nothing can be parted');
});
