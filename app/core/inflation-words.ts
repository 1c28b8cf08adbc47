/** The inflation number as a sentence. */
import type { Inflation } from './run.ts';

export function inflationWords({
  byPatient,
  byPatch,
  difference,
  standardError,
  patches,
  patients,
}: Inflation): string {
  const percent = (share: number): string => (100 * share).toFixed(1);
  const claim =
    `On ${patches} training patches of ${patients} patients a random split of patches would have claimed an accuracy of ` +
    `${percent(byPatch)} %; split by patient the same features reach ${percent(byPatient)} %`;
  return difference > 2 * standardError
    ? `${claim}: ${percent(difference)} points (standard error ${percent(standardError)}) of it is recognition of the patients.`
    : `${claim}: no clear difference (${percent(difference)} points, standard error ${percent(standardError)}).`;
}
