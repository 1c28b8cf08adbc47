/** A job's events as lines: JSON lines for machines, a growing table of epochs for people. */

import { inflationWords } from '../../app/core/inflation-words.ts';
import type { Interval, JobEvent, PlanSummary, RateRange } from '../../app/core/run.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

/** Prints events as they come; `done` is left to the command, which knows what it means. */
export function eventPrinter(terminal: Terminal): (event: JobEvent) => void {
  return (event) => {
    if (event.type === 'progress') terminal.progress(event);
    else if (event.type !== 'done' && event.type !== 'failed' && event.type !== 'cancelled') {
      const line = lineFor(event);
      if (line !== null) terminal.say(line);
    }
    if (terminal.json && event.type === 'epoch') terminal.result(epochLine(event));
    else if (
      terminal.json &&
      (event.type === 'plan' ||
        event.type === 'probe' ||
        event.type === 'inflation' ||
        event.type === 'rates' ||
        event.type === 'phase' ||
        event.type === 'rung')
    ) {
      terminal.result(event);
    }
  };
}

function epochLine({
  type,
  phase,
  epoch,
  loss,
  accuracy,
  valLoss,
  valAccuracy,
  learningRate,
  seconds,
}: Extract<JobEvent, { type: 'epoch' }>) {
  return { type, phase, epoch, loss, accuracy, valLoss, valAccuracy, learningRate, seconds };
}

function lineFor(event: JobEvent): string | null {
  switch (event.type) {
    case 'plan':
      return planTable(event.summary);
    case 'engine':
      return `Engine: ${event.id} (${event.device}), gradients within ${event.gradientError.toExponential(1)} of the reference`;
    case 'probe': {
      const rows = event.depths.map(({ group, accuracy, standardError }) => [
        group,
        fixed(accuracy),
        `±${fixed(standardError)}`,
      ]);
      return `\n${table(['Depth probe', 'accuracy', ''], rows)}\nThe head grows on ${event.attach}: ${event.reason}`;
    }
    case 'inflation':
      return inflationWords(event);
    case 'rates':
      return rateTable(event);
    case 'phase':
      return `\nPhase ${event.index + 1} of ${event.count}, ${event.name}: ${event.groups.join(', ')} learn at ${event.learningRate}`;
    case 'epoch':
      return [
        `  ${event.phase} ${String(event.epoch).padStart(3)}/${event.epochs}`,
        `loss ${fixed(event.loss)} acc ${fixed(event.accuracy)}`,
        `val loss ${fixed(event.valLoss)} acc ${fixed(event.valAccuracy)}`,
        `lr ${event.learningRate.toExponential(1)}`,
        `${event.seconds.toFixed(1)} s${event.best ? '  best' : ''}`,
      ].join('  ');
    case 'rung':
      return `  ${event.phase}: ${event.kept ? 'kept' : 'undone'}, ${event.reason}`;
    case 'note':
      return event.level === 'warning' ? `Note: ${event.text}` : event.text;
    default:
      return null;
  }
}

/** Every eighth point, and what follows from them. */
function rateTable({ phase, learningRate, suggested, points }: RateRange): string {
  const rows = points.filter((_, i) => i % 8 === 0).map(({ rate, loss }) => [rate.toExponential(1), fixed(loss)]);
  const advice =
    suggested === null
      ? 'The loss hardly fell: the head is as good as it gets here, or even the lowest rates are too high.'
      : `Suggested: ${suggested} (the recipe has ${learningRate}): half of the fall is done there.`;
  return `\n${table([`Rate, phase ${phase}`, 'loss'], rows)}\n${advice}`;
}

function planTable({ classes, patients, sizePx, mpp, warnings }: PlanSummary): string {
  const rows = classes.map(({ name, train, validation, test, patients: own }) =>
    [name, train, validation, test, own].map(String),
  );
  const known = patients.known ? `${patients.train} / ${patients.validation} / ${patients.test}` : 'unknown';
  return [
    table(['Class', 'train', 'validation', 'test', 'patients'], rows),
    `Patients (train / validation / test): ${known}. Patches of ${sizePx} px at ${mpp === null ? 'unknown µm/px' : `${mpp} µm/px`}.`,
    ...warnings.map((warning) => `Note: ${warning}`),
  ].join('\n');
}

/** `0.93 [0.88-0.97] (patient)`. */
export function intervalText({ value, low, high, unit }: Interval): string {
  return `${fixed(value, 2)} [${fixed(low, 2)}-${fixed(high, 2)}] (${unit})`;
}

export function fixed(value: number, digits = 3): string {
  return value.toFixed(digits);
}
