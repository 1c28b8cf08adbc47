/** The report's sentences and numbers: precision that the data carries, and what a reader must not conclude. */
import type { Evaluation, Interval } from '../core/run.ts';
import type { ReportModel } from './report-model.ts';

/** Over what the interval was drawn, in words. */
export function unitWords(unit: Interval['unit'], patients: number | null): string {
  if (unit === 'patient') return `95 % interval by bootstrap over ${patients ?? 'the'} patients`;
  if (unit === 'patch-level, one patient')
    return '95 % interval, patch-level, one patient: it says nothing about other patients';
  return '95 % interval, patch-level, unknown patients: it says nothing about new patients';
}

export function intervalText({ value, low, high }: Interval): string {
  return `${value.toFixed(3)} [${low.toFixed(3)}–${high.toFixed(3)}]`;
}

export function shareText(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}

export function countText(value: number): string {
  return value.toLocaleString('en-US');
}

/** What this model's numbers do not show. */
export function limitsOf(model: ReportModel, warnings: readonly string[]): string[] {
  const { validation, test } = model.metrics;
  const limits: string[] = [];
  if (test === null) {
    limits.push(
      'No patient was kept for the test: there is no unbiased estimate of how the model does on new patients.',
    );
  }
  limits.push(
    'The validation patches chose depth, epoch and, where there were rungs, how far down the network learned; the validation numbers are therefore optimistic.',
  );
  for (const [name, evaluation] of [
    ['validation', validation],
    ['test', test],
  ] as const) {
    if (evaluation === null) continue;
    if (evaluation.accuracy.unit === 'patch-level, one patient') {
      limits.push(
        `The ${name} part holds one patient: its interval describes patches of that patient, not other patients.`,
      );
    }
    if (evaluation.accuracy.unit === 'patch-level, unknown patients') {
      limits.push(
        `Nobody said which patients the ${name} patches are from; patches of one patient may stand on both sides of the split.`,
      );
    }
    if (evaluation.accuracy.unit === 'patient' && (evaluation.patients ?? 0) < 10) {
      limits.push(
        `The ${name} part holds ${evaluation.patients} patients; with fewer than ten, the interval itself is uncertain.`,
      );
    }
    if (colourExplains(evaluation)) {
      limits.push(
        `On the ${name} part colour alone reaches ${shareText(evaluation.colourBaseline)} balanced accuracy: much of the result may be stain, not tissue.`,
      );
    }
  }
  if (model.mpp === null)
    limits.push('The µm per px of the training patches is unknown: the model refuses slides unless somebody says it.');
  if (model.stains.length === 0) limits.push('The stain of the training slides was not recorded.');
  limits.push('The model gives each patch one of its classes, also to tissue that it was never shown.');
  return [...limits, ...warnings];
}

/** True where the network is less than 0.05 ahead of the colour histogram. */
function colourExplains({ colourBaseline, balancedAccuracy }: Evaluation): boolean {
  return colourBaseline !== null && balancedAccuracy.value - colourBaseline < 0.05;
}
