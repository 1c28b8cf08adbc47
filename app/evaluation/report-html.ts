/**
 * The printable report of a training run: one HTML text with everything inside (style, drawings), no script, no link.
 * A passport and the run's events go in; the same input gives the same text.
 */
import { curveWords } from '../core/curve-words.ts';
import { escapeMarkup as text } from '../core/escape-markup.ts';
import { inflationWords } from '../core/inflation-words.ts';
import type { Recipe } from '../core/recipe.ts';
import type { Phase } from '../core/recipe-phase.ts';
import { researchUseOnly } from '../core/research-use.ts';
import type { EpochEvent, JobEvent, PlanSummary } from '../core/run.ts';
import { epochCurves, probeBars, rateCurve } from './report-charts.ts';
import { facts, swatch } from './report-facts.ts';
import type { ReportModel } from './report-model.ts';
import { resultCards, resultSection } from './report-results.ts';
import { reportStyle } from './report-style.ts';
import { countText, limitsOf } from './report-words.ts';

export interface ReportRequest {
  readonly passport: ReportModel;
  /** In the order in which they came; progress may be left out. */
  readonly events: readonly JobEvent[];
  readonly plan?: PlanSummary;
  readonly projectName?: string;
}

/** The whole HTML document. */
export function renderReport({ passport, events, plan, projectName }: ReportRequest): string {
  const epochs = events.filter((event) => event.type === 'epoch');
  const warnings = [
    ...(plan?.warnings ?? []),
    ...events.flatMap((event) => (event.type === 'note' && event.level === 'warning' ? [event.text] : [])),
  ];
  const body = [
    heading(passport, projectName),
    resultCards(passport),
    dataSection(passport),
    recipeSection(passport),
    probeSection(events),
    inflationSection(events),
    trainingSection(passport, events, epochs),
    resultSection(
      'Validation',
      passport.metrics.validation,
      passport,
      'The patients that chose depth, epoch and rungs.',
    ),
    resultSection('Test', passport.metrics.test, passport, 'Patients that no choice of this training has seen.'),
    limitsSection(limitsOf(passport, [...new Set(warnings)])),
    provenanceSection(passport),
    `<footer>${text(researchUseOnly)} · Eosin ${text(passport.versions.eosin ?? '')} · model ${text(passport.id)}</footer>`,
  ];
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${text(passport.name)} – training report</title>`,
    `<style>${reportStyle}</style></head>`,
    `<body>${body.join('\n')}</body></html>\n`,
  ].join('\n');
}

function heading(model: ReportModel, projectName: string | undefined): string {
  const where = projectName === undefined ? '' : `${text(projectName)} · `;
  return [
    `<header><h1>${text(model.name)}</h1>`,
    `<p class="soft">Training report · ${where}${text(dateText(model.createdAt))}</p>`,
    `<p class="ruo">${text(researchUseOnly)}</p></header>`,
  ].join('');
}

/** `2026-11-24 10:00 UTC` from ISO 8601. */
function dateText(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function dataSection({ split, sizePx, mpp, stains, classes, recipe }: ReportModel): string {
  const total = (part: 'train' | 'validation' | 'test'): string =>
    countText(split.classes.reduce((sum, one) => sum + one[part], 0));
  const rows = split.classes.map((one) => {
    const colour = classes.find(({ name }) => name === one.name)?.colour;
    const counts = [one.train, one.validation, one.test].map((count) => `<td>${countText(count)}</td>`).join('');
    return `<tr><td>${colour === undefined ? '' : swatch(colour)}${text(one.name)}</td>${counts}</tr>`;
  });
  const { patients } = split;
  const patientCells = split.patientsKnown
    ? [patients.train, patients.validation, patients.test].map((count) => `<td>${countText(count)}</td>`).join('')
    : '<td colspan="3">unknown</td>';
  const scale = mpp === null ? 'unknown µm per px' : `${mpp} µm per px`;
  const stain = stains.length === 0 ? '' : ` Stain: ${text(stains.join(', '))}.`;
  const colours = recipe.input.colour === 'srgb' ? 'through the slides’ ICC profiles' : 'as scanned';
  const slides = split.slides === 0 ? '' : ` ${countText(split.slides)} slides.`;
  return [
    '<h2>Data</h2>',
    `<p>Patches of ${sizePx} × ${sizePx} px at ${scale}, colours ${colours}.${slides}${stain} A patient stands in one part only.</p>`,
    '<table><thead><tr><th>Patches of class</th><th>Training</th><th>Validation</th><th>Test</th></tr></thead><tbody>',
    ...rows,
    `<tr><td>Patients</td>${patientCells}</tr></tbody>`,
    `<tfoot><tr><td>Patches</td><td>${total('train')}</td><td>${total('validation')}</td><td>${total('test')}</td></tr></tfoot></table>`,
  ].join('');
}

function recipeSection({ recipe, attach, backbone, seed }: ReportModel): string {
  const { head, optimizer, loss } = recipe;
  const dense = head.dense.length === 0 ? '' : `dense ${head.dense.join(', ')} ${head.activation}, `;
  const pooled = head.kind === 'keep' ? "the network's own dense layers, " : `${head.pooling} pooling, ${dense}`;
  const momentum =
    optimizer.kind === 'sgd' ? `, ${optimizer.nesterov ? 'Nesterov ' : ''}momentum ${optimizer.momentum}` : '';
  const smoothing = loss.labelSmoothing > 0 ? `, label smoothing ${loss.labelSmoothing}` : '';
  return [
    '<h2>What was trained</h2>',
    recipe.description === '' ? '' : `<p>${text(recipe.description)}</p>`,
    facts([
      ['Recipe', recipe.name],
      ['Backbone', `${backbone.name}, pretrained; the head grows on ${attach}`],
      ['Head', `${pooled}dropout ${head.dropout}, softmax`],
      ['Loss', `categorical cross-entropy${smoothing}, class weights ${loss.classWeights}`],
      [
        'Optimizer',
        `${optimizer.kind}${momentum}${optimizer.kind === 'adam' ? '' : `, weight decay ${optimizer.weightDecay}`}`,
      ],
      ['Batches', `${recipe.batchSize} patches, ${recipe.sampling} sampling`],
      ['Augmentation', augmentWords(recipe.augment)],
      ['Seed', String(seed)],
    ]),
    phaseTable(recipe.phases, recipe.ladder !== null),
  ].join('');
}

function augmentWords(augment: Recipe['augment']): string {
  if (augment === null) return 'none';
  const words =
    augment.kind === 'keras'
      ? [
          "Keras' ImageDataGenerator",
          augment.rotation > 0 ? `rotation ±${augment.rotation}°` : '',
          augment.widthShift > 0 ? `width shift ${augment.widthShift}` : '',
          augment.heightShift > 0 ? `height shift ${augment.heightShift}` : '',
          augment.shear > 0 ? `shear ±${augment.shear}°` : '',
          augment.zoom > 0 ? `zoom ±${Math.round(augment.zoom * 100)} % an axis` : '',
          augment.horizontalFlip ? 'horizontal flip' : '',
          augment.verticalFlip ? 'vertical flip' : '',
          `fill ${augment.fill}`,
        ]
      : [
          augment.rotate ? 'any rotation' : '',
          augment.flip ? 'flips' : '',
          augment.zoom > 0 ? `zoom ±${Math.round(augment.zoom * 100)} %` : '',
          augment.stain > 0 ? `stain jitter ${augment.stain}` : '',
          augment.blurPx > 0 ? `blur up to ${augment.blurPx} px` : '',
          augment.brightness > 0 ? `brightness ±${Math.round(augment.brightness * 100)} %` : '',
        ];
  return words.filter((word) => word !== '').join(', ');
}

function phaseTable(phases: readonly Phase[], ladder: boolean): string {
  const rows = phases.map(
    (phase) =>
      `<tr><td>${text(phase.name)}</td><td>${phase.unfreeze === 0 ? 'head alone' : `head and ${phase.unfreeze} below it`}</td><td>${phase.epochs}</td><td>${phase.learningRate}</td><td>${text(phase.schedule.kind)}</td></tr>`,
  );
  const more = ladder ? '<p class="small soft">Then one group more at each rung of the ladder.</p>' : '';
  return `<h3>Phases as planned</h3><table><thead><tr><th>Phase</th><th>Groups that learn</th><th>Epochs at most</th><th>Learning rate</th><th>Schedule</th></tr></thead><tbody>${rows.join('')}</tbody></table>${more}`;
}

function probeSection(events: readonly JobEvent[]): string {
  const probe = events.find((event) => event.type === 'probe');
  if (probe === undefined || probe.depths.length === 0) return '';
  return [
    '<h2>Depth probe</h2>',
    `<p>${text(probe.reason)}</p>`,
    `<figure>${probeBars(probe.depths, probe.attach)}`,
    '<figcaption>Cross-validated accuracy of a linear probe on each depth’s activations, training patches only; the whisker is one standard error.</figcaption></figure>',
  ].join('');
}

function inflationSection(events: readonly JobEvent[]): string {
  const inflation = events.find((event) => event.type === 'inflation');
  return inflation === undefined ? '' : `<h2>Why patients are kept apart</h2><p>${text(inflationWords(inflation))}</p>`;
}

/** Which weights of the training the model has. */
function keptWords({ best, rung }: ReportModel): string {
  const which = best.epoch === 0 ? 'the linear probe on pretrained features' : `epoch ${best.epoch} of ${best.phase}`;
  return rung?.chosen === 'by hand' ? `${which}, chosen by hand` : which;
}

function trainingSection(model: ReportModel, events: readonly JobEvent[], epochs: readonly EpochEvent[]): string {
  if (epochs.length === 0) return '';
  const { best } = model;
  const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const rungs = events.flatMap((event) =>
    event.type === 'rung'
      ? [`<li>${text(event.phase)}: ${event.kept ? 'kept' : 'undone'}. ${text(event.reason)}</li>`]
      : [],
  );
  return [
    '<h2>Training</h2>',
    `<p>${epochs.length === 1 ? 'One epoch' : `${countText(epochs.length)} epochs`} in ${durationText(seconds)} on ${text(model.engine.device)}. Kept: ${text(keptWords(model))}.</p>`,
    `<p>${text(curveWords(epochs, best) ?? '')}</p>`,
    `<figure>${epochCurves({ epochs, best, measure: 'loss' })}<figcaption>Loss: training dashed, validation solid.</figcaption></figure>`,
    `<figure>${epochCurves({ epochs, best, measure: 'accuracy' })}<figcaption>Accuracy: training dashed, validation solid.</figcaption></figure>`,
    `<figure>${rateCurve(epochs)}<figcaption>Learning rate, logarithmic.</figcaption></figure>`,
    rungs.length === 0 ? '' : `<h3>Rungs</h3><ul>${rungs.join('')}</ul>`,
  ].join('');
}

function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function limitsSection(limits: readonly string[]): string {
  return `<h2>Limits</h2><ul>${limits.map((limit) => `<li>${text(limit)}</li>`).join('')}</ul>`;
}

function provenanceSection(model: ReportModel): string {
  const versions = Object.entries(model.versions).map(([name, version]) => `${name} ${version}`);
  const files = model.files.map(
    ({ name, bytes, sha256 }) =>
      `<tr><td>${text(name)}</td><td>${countText(bytes)}</td><td class="hash">${text(sha256)}</td></tr>`,
  );
  return [
    '<h2>Provenance</h2>',
    facts([
      ['Weights of the backbone', model.backbone.provenance],
      ['Their SHA-256', model.backbone.sha256],
      ['Plan (patches, split, recipe)', model.split.hash],
      ['Engine', `${model.engine.id}, ${model.engine.device}, ${model.engine.threads} threads`],
      [
        'Its gradients against the reference',
        model.engine.gradientError === null
          ? 'not recorded'
          : `largest relative difference ${model.engine.gradientError.toExponential(1)}`,
      ],
      ['Versions', versions.join(', ')],
      ['model.onnx against the trainer', `largest difference of a probability ${model.parity.toExponential(1)}`],
    ]),
    `<table><thead><tr><th>File</th><th>Bytes</th><th>SHA-256</th></tr></thead><tbody>${files.join('')}</tbody></table>`,
  ].join('');
}
