/** Results with their honest precision. */
import type { Interval } from '../../app/core/run.ts';
import type { Story } from './run-story.ts';

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

/** Where a run that did not come to its end stopped, and what can be done. */
export function stoppedWords({ epochs, paused }: Story, state: 'cancelled' | 'failed'): string {
  const last = epochs.at(-1);
  const how = state === 'failed' ? 'failed' : paused ? 'was paused' : 'was stopped';
  const where = last ? `after epoch ${last.epoch} of ${last.phase}` : 'before its first epoch was done';
  return `The last run ${how} ${where}. Go on, or train anew.`;
}
