/** Cross-validation on the command line: how many folds, and what they found. */
import { type FoldResult, foldSpread, leastFolds, mostFolds } from '../../app/jobs/cross-validate.ts';
import { number, wrongUse } from './arguments.ts';
import type { Flags } from './command.ts';
import { fixed } from './print-events.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

/** `--folds`, or null. */
export function foldCount(flags: Flags): number | null {
  const folds = number(flags, 'folds') ?? null;
  if (folds === null || (Number.isInteger(folds) && folds >= leastFolds && folds <= mostFolds)) return folds;
  throw wrongUse(`--folds wants a whole number from ${leastFolds} to ${mostFolds}.`);
}

/** A row a fold, then mean and spread. */
export function tellFolds(terminal: Terminal, results: readonly Pick<FoldResult, 'fold' | 'attach' | 'test'>[]): void {
  const spread = foldSpread(results);
  terminal.result({ type: 'folds', folds: results, ...spread });
  if (terminal.json) return;
  const rows = results.map(({ fold, attach, test }) => [
    String(fold),
    fixed(test.accuracy.value),
    fixed(test.balancedAccuracy.value),
    fixed(test.loss),
    String(test.patches),
    test.patients === null ? '–' : String(test.patients),
    attach,
  ]);
  const { accuracy, balancedAccuracy, loss } = spread;
  const line = (name: string, pick: 'mean' | 'deviation'): string[] => [
    name,
    ...[accuracy, balancedAccuracy, loss].map((one) => fixed(one[pick])),
  ];
  const head = ['Fold', 'accuracy', 'balanced', 'loss', 'patches', 'patients', 'head on'];
  terminal.say(`\n${table(head, [...rows, line('mean', 'mean'), line('spread', 'deviation')])}`);
  terminal.say('Each fold was judged on patches that its training has not seen; spread is the standard deviation.');
}
