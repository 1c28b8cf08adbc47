/** Cross-validation folds in which a group (a patient) never stands in two folds, stratified by class. */
import { hashText } from '../core/random.ts';

/**
 * The fold (0..folds-1) of each row. Groups are dealt one by one, largest first, each to the fold that has least of the
 * group's classes, on a tie to the emptier one, so that no fold stays empty. Equally large groups come in the order of a keyed
 * hash. With fewer groups than folds, `folds` falls to the number of groups.
 */
export function groupFolds(
  groups: readonly string[],
  labels: ArrayLike<number>,
  folds: number,
  seed: number,
): { readonly fold: Uint8Array; readonly folds: number } {
  const rowsOf = new Map<string, number[]>();
  for (const [row, group] of groups.entries()) {
    const rows = rowsOf.get(group);
    if (rows) rows.push(row);
    else rowsOf.set(group, [row]);
  }
  const count = Math.max(1, Math.min(folds, rowsOf.size));
  const totals = new Map<number, number>();
  for (let row = 0; row < groups.length; row++) totals.set(labels[row]!, (totals.get(labels[row]!) ?? 0) + 1);
  const filled = Array.from({ length: count }, () => new Map<number, number>());
  const fold = new Uint8Array(groups.length);
  const order = [...rowsOf]
    .map(([group, rows]) => ({ group, rows, hash: hashText(`${seed}\n${group}`) }))
    .sort((a, b) => b.rows.length - a.rows.length || a.hash - b.hash || (a.group < b.group ? -1 : 1));
  const used = new Array<number>(count).fill(0);
  for (const { rows } of order) {
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (const [f, have] of filled.entries()) {
      // Cost: how full the fold already is of the classes that this group brings, each class weighed alike.
      let cost = 0;
      for (const row of rows) cost += (have.get(labels[row]!) ?? 0) / totals.get(labels[row]!)!;
      if (cost < least || (cost === least && used[f]! < used[best]!)) {
        least = cost;
        best = f;
      }
    }
    used[best]! += rows.length;
    for (const row of rows) {
      fold[row] = best;
      const have = filled[best]!;
      have.set(labels[row]!, (have.get(labels[row]!) ?? 0) + 1);
    }
  }
  return { fold, folds: count };
}
