/** How the model did, as parts of the report. */
import { escapeMarkup as text } from '../core/escape-markup.ts';
import type { Evaluation } from '../core/run.ts';
import { facts, swatch } from './report-facts.ts';
import type { ReportModel } from './report-model.ts';
import { countText, intervalText, shareText, unitWords } from './report-words.ts';

/** The three numbers on top: test, validation, and colour alone. */
export function resultCards({ metrics }: ReportModel): string {
  const { validation, test } = metrics;
  const judged = test ?? validation;
  const baseline = judged?.colourBaseline ?? null;
  return [
    '<section class="cards">',
    metricCard('Test · balanced accuracy', test, 'not looked at: no test part'),
    metricCard('Validation · balanced accuracy', validation, 'none'),
    card(
      `Colour histogram alone · ${test === null ? 'validation' : 'test'}`,
      baseline === null ? null : baseline.toFixed(3),
      'none',
      'balanced accuracy of a classifier that sees colours only, trained on the same patches',
    ),
    '</section>',
  ].join('');
}

function metricCard(name: string, evaluation: Evaluation | null, none: string): string {
  if (evaluation === null) return card(name, null, none, '');
  const { low, high, unit, value } = evaluation.balancedAccuracy;
  const note = `${low.toFixed(3)}–${high.toFixed(3)}, ${unit === 'patient' ? `${evaluation.patients} patients` : unit}`;
  return card(name, value.toFixed(3), none, note);
}

function card(name: string, value: string | null, none: string, note: string): string {
  const shown =
    value === null ? `<div class="value none">${text(none)}</div>` : `<div class="value">${text(value)}</div>`;
  return `<div class="card"><div class="name">${text(name)}</div>${shown}<div class="note">${text(note)}</div></div>`;
}

/** One part of the split: numbers with their intervals, a table of classes, the confusion. `what` says whose patches they are. */
export function resultSection(name: string, evaluation: Evaluation | null, model: ReportModel, what: string): string {
  if (evaluation === null) return `<h2>${name}</h2><p class="soft">There was no ${name.toLowerCase()} part.</p>`;
  const { accuracy, balancedAccuracy, patients, patches, loss, colourBaseline } = evaluation;
  const who =
    patients === null ? 'unknown patients' : patients === 1 ? 'one patient' : `${countText(patients)} patients`;
  const gain = colourBaseline === null ? '' : ` (the network is ${signed(balancedAccuracy.value - colourBaseline)})`;
  return [
    `<h2>${name}</h2><p>${what} ${countText(patches)} patches, ${who}.</p>`,
    facts([
      ['Balanced accuracy', intervalText(balancedAccuracy)],
      ['Accuracy', intervalText(accuracy)],
      ['Interval', unitWords(accuracy.unit, patients)],
      [
        'Colour histogram alone',
        colourBaseline === null ? 'none' : `${colourBaseline.toFixed(3)} balanced accuracy${gain}`,
      ],
      ['Loss', loss.toFixed(4)],
    ]),
    classTable(evaluation, model),
    confusionTable(evaluation),
  ].join('');
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}

function classTable({ classes }: Evaluation, model: ReportModel): string {
  const rows = classes.map(({ name, sensitivity, specificity, precision, patches }) => {
    const colour = model.classes.find((one) => one.name === name)?.colour;
    const shares = [sensitivity, specificity, precision].map((share) => `<td>${shareText(share)}</td>`).join('');
    return `<tr><td>${colour === undefined ? '' : swatch(colour)}${text(name)}</td>${shares}<td>${countText(patches)}</td></tr>`;
  });
  return `<table><thead><tr><th>Class</th><th>Sensitivity</th><th>Specificity</th><th>Precision</th><th>Patches</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function confusionTable({ classes, confusion }: Evaluation): string {
  const heads = classes.map(({ name }) => `<th scope="col">${text(name)}</th>`).join('');
  const rows = confusion.map((row, truth) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    const cells = row.map((count) => {
      const share = total === 0 ? 0 : count / total;
      return `<td class="s${Math.min(6, Math.ceil(share * 6))}">${countText(count)}<br><span class="small">${(share * 100).toFixed(1)} %</span></td>`;
    });
    return `<tr><th scope="row">${text(classes[truth]?.name ?? '')}</th>${cells.join('')}</tr>`;
  });
  return `<h3>Confusion: truth in rows, prediction in columns</h3><table class="confusion"><thead><tr><th></th>${heads}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}
