/**
 * What a random split of patches would have claimed. Neighbouring patches of one patient are nearly the same picture: a split
 * that puts them on both sides measures recognition of the patient. The same features, probed with folds by patient and with
 * folds by patch, show by how much; training patches only.
 */
import type { Inflation } from '../core/run.ts';
import { groupFolds } from '../patches/folds.ts';
import { crossValidate, type ProbeRows } from './linear-probe.ts';
import { pairedDifference } from './paired-difference.ts';
import type { PlannedPatch } from './ports.ts';

const foldCount = 5;
/** With fewer, folds by patient say nothing. */
const leastPatients = 3;
/** Patches a patient, on average, below which a random split hardly ever parts a patient. */
const leastEach = 2;

/** Whether these patches can show anything: known patients, at least three of them, and more than one patch of each. */
export function showsInflation(patches: readonly PlannedPatch[], patientsKnown: boolean): boolean {
  const count = new Set(patches.map(({ patient }) => patient)).size;
  return patientsKnown && count >= leastPatients && patches.length >= leastEach * count;
}

/** Null where the patches can show nothing. @param rows one entry a patch of `patches`. */
export async function measureInflation(
  rows: ProbeRows,
  patches: readonly PlannedPatch[],
  patientsKnown: boolean,
  seed: number,
  breathe: () => Promise<void>,
): Promise<Inflation | null> {
  if (!showsInflation(patches, patientsKnown)) return null;
  const patients = patches.map(({ patient }) => patient);
  const judge = async (groups: readonly string[]): Promise<Float32Array> =>
    (await crossValidate(rows, groupFolds(groups, rows.labels, foldCount, seed), breathe)).correct;
  const byPatient = await judge(patients);
  const byPatch = await judge(patches.map(({ index }) => String(index)));
  const { mean, standardError } = pairedDifference(byPatch, byPatient, patients);
  const share = (correct: Float32Array): number => correct.reduce((a, b) => a + b, 0) / correct.length;
  return {
    byPatient: share(byPatient),
    byPatch: share(byPatch),
    difference: mean,
    standardError,
    patches: patches.length,
    patients: new Set(patients).size,
  };
}
