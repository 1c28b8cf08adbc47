/** Results with their honest precision. */
import type { Interval } from '../../app/core/run.ts';

const units: Record<Interval['unit'], string> = {
  patient: 'over patients',
  'patch-level, one patient': 'over the patches of one patient',
  'patch-level, unknown patients': 'over patches, their patients are not known',
};

/** 0.93 [0.88–0.97] */
export function intervalWords({ value, low, high }: Interval): string {
  return `${value.toFixed(2)} [${low.toFixed(2)}–${high.toFixed(2)}]`;
}

export function unitWords({ unit }: Interval): string {
  return units[unit];
}
