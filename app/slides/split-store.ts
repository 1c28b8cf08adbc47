/** Who trains, who validates, who tests. Stored, so that a patient's place never moves by adding slides; only a person moves it. */
import { EosinError } from '../core/errors.ts';
import type { PatientPart, SplitPart } from '../core/project.ts';
import type { ProjectDatabase } from '../db/project-database.ts';

export interface SplitStore {
  /** By patient (see `patientKey`). */
  get(): PatientPart[];
  /** Gives a part to patients that have none yet; a place that is taken stays as it is. */
  assign(parts: readonly { readonly patient: string; readonly part: SplitPart }[]): PatientPart[];
  /** A person puts the patient there. */
  pin(patient: string, part: SplitPart, reason?: string): PatientPart[];
}

export function createSplitStore(db: ProjectDatabase): SplitStore {
  const { sqlite } = db;
  const all = sqlite.prepare<[], { patient: string; part: SplitPart; pinned: number }>(
    'SELECT * FROM split ORDER BY patient',
  );
  const one = sqlite.prepare<[string], { patient: string; part: SplitPart; pinned: number }>(
    'SELECT * FROM split WHERE patient = ?',
  );
  const put = sqlite.prepare<[string, SplitPart, number]>(
    'INSERT INTO split VALUES (?, ?, ?) ON CONFLICT (patient) DO UPDATE SET part = excluded.part, pinned = excluded.pinned',
  );
  const get = (): PatientPart[] => all.all().map((row) => ({ ...row, pinned: row.pinned === 1 }));
  return {
    get,
    assign(parts) {
      return db.change((record) => {
        for (const { patient, part } of parts) {
          refuseEmpty(patient);
          if (one.get(patient)) continue;
          put.run(patient, part, 0);
          record({ action: 'create', entity: 'patient', id: patient, after: { part, pinned: false } });
        }
        return get();
      });
    },
    pin(patient, part, reason) {
      refuseEmpty(patient);
      return db.change((record) => {
        const row = one.get(patient);
        if (row?.part === part && row.pinned === 1) return get();
        put.run(patient, part, 1);
        const before = row && { part: row.part, pinned: row.pinned === 1 };
        record({
          action: row ? 'update' : 'create',
          entity: 'patient',
          id: patient,
          before,
          after: { part, pinned: true },
          reason,
        });
        return get();
      });
    },
  };
}

function refuseEmpty(patient: string): void {
  if (patient !== '') return;
  throw new EosinError('split/no-patient', 'usage', 'A place in the split needs a patient.', {
    remedy: 'Name the patient of the slide first.',
  });
}
