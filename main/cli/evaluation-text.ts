/** An evaluation for the eye. */
import type { Evaluation } from '../../app/core/run.ts';
import { fixed, intervalText } from './print-events.ts';
import { table } from './table.ts';

export function evaluationText(evaluation: Evaluation): string {
  const share = (value: number | null): string => (value === null ? '–' : fixed(value));
  const rows = evaluation.classes.map((one, i) => [
    one.name,
    String(one.patches),
    share(one.sensitivity),
    share(one.specificity),
    share(one.precision),
    (evaluation.confusion[i] ?? []).join(' '),
  ]);
  const baseline = evaluation.colourBaseline === null ? '' : `; colour alone ${fixed(evaluation.colourBaseline, 2)}`;
  return [
    `Balanced accuracy ${intervalText(evaluation.balancedAccuracy)}${baseline}; accuracy ${fixed(evaluation.accuracy.value, 2)}, loss ${fixed(evaluation.loss)}`,
    table(['Class', 'patches', 'sensitivity', 'specificity', 'precision', 'predicted as'], rows),
  ].join('\n');
}
