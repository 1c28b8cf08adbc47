/**
 * Who trains, who validates, who tests: by patient, stratified by class, stored in the project and never moved.
 *
 * Quotas are filled in the order of a keyed hash, the rarest class first (iterative stratification: Sechidis, Tsoumakas
 * and Vlahavas, ECML PKDD 2011, with the order of a hash where they draw lots). A patient who has a part keeps it:
 * somebody who joins later only fills what is missing.
 */
import { EosinError } from '../core/errors.ts';
import type { PatientPart, SplitPart } from '../core/project.ts';
import { hashText } from '../core/random.ts';

export interface SplitPatient {
  readonly patient: string;
  /** Ids of the classes of which this patient has at least one patch. */
  readonly classes: readonly string[];
}

export interface SplitFractions {
  readonly train: number;
  readonly validation: number;
  /** 0: no test part. */
  readonly test: number;
}

export const defaultFractions: SplitFractions = { train: 0.6, validation: 0.2, test: 0.2 };

/** Fewest patients a class for which a result on the test part says something about other patients. */
export const patientsForTestClaim = 6;

export interface SplitWarning {
  readonly code: 'few-patients' | 'class-missing';
  readonly classId: string;
  readonly patients: number;
  /** The part that has no patient of this class. */
  readonly part: SplitPart | null;
}

export interface Split {
  /** Every patient of the existing split and of `patients`, sorted by name. */
  readonly parts: readonly PatientPart[];
  readonly warnings: readonly SplitWarning[];
}

const partNames: readonly SplitPart[] = ['train', 'validation', 'test'];

/**
 * Places those of `patients` who have no part in `existing` yet. `key` is the project's, so that two projects split
 * alike patients differently. Throws `split/fractions` for fractions that are negative or leave nothing to train on.
 */
export function splitPatients(
  patients: readonly SplitPatient[],
  existing: readonly PatientPart[],
  key: string,
  fractions: SplitFractions = defaultFractions,
): Split {
  const total = fractions.train + fractions.validation + fractions.test;
  if (!(fractions.train > 0 && fractions.validation >= 0 && fractions.test >= 0 && Number.isFinite(total))) {
    throw new EosinError('split/fractions', 'usage', 'The split leaves no patient to train on.', {
      remedy: 'Give train, validation and test shares that are not negative, train above zero.',
      fields: { ...fractions },
    });
  }
  const parts = new Map<string, PatientPart>(existing.map((entry) => [entry.patient, entry]));
  const classesOf = new Map<string, Set<string>>();
  for (const { patient, classes } of patients) {
    const known = classesOf.get(patient);
    if (known) for (const id of classes) known.add(id);
    else classesOf.set(patient, new Set(classes));
  }
  const membersOf = groupByClass(classesOf);
  const place = (patient: string, members: readonly string[]): void => {
    parts.set(patient, { patient, part: largestDeficit(members, parts, fractions, total), pinned: false });
  };
  const hashOf = (patient: string): number => hashText(`${key}\n${patient}`);
  const inOrder = (names: readonly string[]): string[] =>
    [...names].sort((a, b) => hashOf(a) - hashOf(b) || (a < b ? -1 : 1));
  const rarestFirst = [...membersOf].sort((a, b) => a[1].length - b[1].length || (a[0] < b[0] ? -1 : 1));
  for (const [, members] of rarestFirst) {
    for (const patient of inOrder(members)) if (!parts.has(patient)) place(patient, members);
  }
  // Patients without any class are placed too: they may be labelled later and keep the part they got.
  const everybody = [...classesOf.keys()];
  for (const patient of inOrder(everybody)) if (!parts.has(patient)) place(patient, everybody);
  return {
    parts: [...parts.values()].sort((a, b) => (a.patient < b.patient ? -1 : 1)),
    warnings: warningsFor(membersOf, parts, fractions),
  };
}

function groupByClass(classesOf: ReadonlyMap<string, ReadonlySet<string>>): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const [patient, classes] of classesOf) {
    for (const id of classes) {
      const members = out.get(id);
      if (members) members.push(patient);
      else out.set(id, [patient]);
    }
  }
  return out;
}

/** The part that lacks most of its quota among `members`; on a tie the one with nobody in it, then train first. */
function largestDeficit(
  members: readonly string[],
  parts: ReadonlyMap<string, PatientPart>,
  fractions: SplitFractions,
  total: number,
): SplitPart {
  const filled: Record<SplitPart, number> = { train: 0, validation: 0, test: 0 };
  for (const patient of members) {
    const entry = parts.get(patient);
    if (entry) filled[entry.part]++;
  }
  let best: SplitPart = 'train';
  let most = Number.NEGATIVE_INFINITY;
  for (const part of partNames) {
    if (fractions[part] === 0) continue;
    const deficit = (fractions[part] / total) * members.length - filled[part] + (filled[part] === 0 ? 1e-9 : 0);
    if (deficit > most) {
      most = deficit;
      best = part;
    }
  }
  return best;
}

function warningsFor(
  membersOf: ReadonlyMap<string, readonly string[]>,
  parts: ReadonlyMap<string, PatientPart>,
  fractions: SplitFractions,
): SplitWarning[] {
  const out: SplitWarning[] = [];
  for (const [classId, members] of [...membersOf].sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
    const patients = members.length;
    if (patients < patientsForTestClaim) out.push({ code: 'few-patients', classId, patients, part: null });
    for (const part of partNames) {
      if (fractions[part] === 0) continue;
      if (!members.some((patient) => parts.get(patient)?.part === part)) {
        out.push({ code: 'class-missing', classId, patients, part });
      }
    }
  }
  return out;
}

/** The warnings in words, for plans and reports: classes with too few patients share one sentence. */
export function describeSplitWarnings(
  warnings: readonly SplitWarning[],
  nameOf: (classId: string) => string,
): string[] {
  const few = warnings.filter(({ code }) => code === 'few-patients');
  const missing = warnings.filter(({ code }) => code === 'class-missing');
  const counts = few.map(({ classId, patients }) => `${nameOf(classId)} ${patients}`).join(', ');
  return [
    ...missing.map(({ classId, part }) => `No patient of class ${nameOf(classId)} is in the ${part} part.`),
    ...(few.length === 0
      ? []
      : [
          `Too few patients to claim a test result for others (${patientsForTestClaim} a class at least): ${counts}. Cross-validation judges each of them once.`,
        ]),
  ];
}
