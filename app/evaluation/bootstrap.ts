/**
 * 95 % intervals by the percentile bootstrap (Efron and Tibshirani 1993), drawn over patients, because patches of one
 * patient are alike. With one patient, or unknown patients, patches are drawn instead and the interval says so: it then
 * tells nothing about other patients.
 */

import { randomFor } from '../core/random.ts';
import type { Interval } from '../core/run.ts';
import type { Confusion } from './metrics.ts';

export interface BootstrapInput {
  readonly truth: ArrayLike<number>;
  readonly predicted: ArrayLike<number>;
  readonly classCount: number;
  /** The patient of each patch; null where nobody knows. */
  readonly patients: readonly string[] | null;
  readonly seed: number;
  readonly draws?: number;
}

export type Statistic = (confusion: Confusion, classCount: number) => number;

/** One interval a statistic, all from the same draws. Draws for which a statistic is not defined are left out of it. */
export function bootstrapIntervals(input: BootstrapInput, statistics: readonly Statistic[]): Interval[] {
  const { truth, predicted, classCount, patients, seed, draws = 2000 } = input;
  const cells = classCount * classCount;
  const names = patients === null ? [] : [...new Set(patients)];
  const byPatient = names.length > 1;
  const unit: Interval['unit'] = byPatient
    ? 'patient'
    : patients === null
      ? 'patch-level, unknown patients'
      : 'patch-level, one patient';
  const whole = new Float64Array(cells);
  const cellOf = Uint32Array.from({ length: truth.length }, (_, i) => truth[i]! * classCount + predicted[i]!);
  for (const cell of cellOf) whole[cell]!++;

  const groups: Float64Array[] = [];
  if (byPatient) {
    const place = new Map(names.map((name, i) => [name, i]));
    for (const _ of names) groups.push(new Float64Array(cells));
    for (const [i, patient] of patients!.entries()) groups[place.get(patient)!]![cellOf[i]!]!++;
  }
  const random = randomFor(seed, 'bootstrap');
  const drawn: number[][] = statistics.map(() => []);
  const sum = new Float64Array(cells);
  for (let d = 0; d < draws; d++) {
    sum.fill(0);
    if (byPatient) {
      for (let g = 0; g < groups.length; g++) {
        const group = groups[random.integer(groups.length)]!;
        for (let c = 0; c < cells; c++) sum[c]! += group[c]!;
      }
    } else {
      for (let i = 0; i < cellOf.length; i++) sum[cellOf[random.integer(cellOf.length)]!]!++;
    }
    for (const [s, statistic] of statistics.entries()) {
      const value = statistic(sum, classCount);
      if (Number.isFinite(value)) drawn[s]!.push(value);
    }
  }
  return statistics.map((statistic, s) => {
    const sorted = drawn[s]!.sort((a, b) => a - b);
    return { value: statistic(whole, classCount), low: quantile(sorted, 0.025), high: quantile(sorted, 0.975), unit };
  });
}

/** Linear between order statistics (type 7, R's and NumPy's default); NaN of nothing. */
function quantile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}
