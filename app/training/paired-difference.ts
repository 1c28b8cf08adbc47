/**
 * Is A better than B on the same patches? The mean of the per-patch differences with its standard error, clustered by
 * patient where there are enough: neighbours on one slide are not independent witnesses.
 */

export interface PairedDifference {
  /** Mean of a - b. */
  readonly mean: number;
  readonly standardError: number;
  /** Over what the error was taken. */
  readonly unit: 'patient' | 'patch';
}

/** With fewer clusters the cluster-robust error is itself too uncertain to decide with. */
const minClusters = 5;

/**
 * @param a one number a patch (a loss, or 1 for a correct answer and 0 for a wrong one)
 * @param b the same patches under the other model
 * @param clusters the patient of each patch
 * The clustered error is the sandwich estimator of a mean with the C / (C - 1) correction (Cameron and Miller 2015).
 */
export function pairedDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  clusters: readonly string[],
): PairedDifference {
  const count = a.length;
  if (count === 0) return { mean: 0, standardError: 0, unit: 'patch' };
  let sum = 0;
  for (let i = 0; i < count; i++) sum += a[i]! - b[i]!;
  const mean = sum / count;
  const distinct = new Set(clusters).size;
  // Where every patch is a cluster of its own (patients unknown) both errors are the same number.
  const byPatient = distinct >= minClusters && distinct < count;
  const residuals = new Map<string | number, number>();
  for (let i = 0; i < count; i++) {
    const key = byPatient ? clusters[i]! : i;
    residuals.set(key, (residuals.get(key) ?? 0) + a[i]! - b[i]! - mean);
  }
  let squares = 0;
  for (const residual of residuals.values()) squares += residual * residual;
  const units = residuals.size;
  const standardError = units < 2 ? 0 : Math.sqrt((units / (units - 1)) * squares) / count;
  return { mean, standardError, unit: byPatient ? 'patient' : 'patch' };
}
