import assert from 'node:assert/strict';
import { test } from 'node:test';
import { researchUseOnly } from '../../app/core/research-use.ts';
import type { EpochEvent, JobEvent } from '../../app/core/run.ts';
import { renderReport } from '../../app/evaluation/report-html.ts';
import type { ReportModel } from '../../app/evaluation/report-model.ts';
import { reportStyle } from '../../app/evaluation/report-style.ts';
import { exampleEvaluation, examplePassport } from '../fixtures/passport-draft.ts';

const passport: ReportModel = {
  ...examplePassport(),
  files: [{ name: 'model.onnx', bytes: 9_012_345, sha256: 'c'.repeat(64) }],
};

function epochOf(phase: string, epoch: number, valLoss: number): EpochEvent {
  return {
    type: 'epoch',
    phase,
    epoch,
    epochs: 10,
    loss: valLoss - 0.05,
    accuracy: 1 - valLoss / 2,
    valLoss,
    valAccuracy: 1 - valLoss / 2 - 0.02,
    learningRate: phase === 'head' ? 1e-3 / epoch : 1e-4 / epoch,
    seconds: 4,
    imagesPerSecond: 100,
    best: true,
    etaSeconds: null,
  };
}

const events: JobEvent[] = [
  {
    type: 'probe',
    depths: [
      { group: 'block_8', accuracy: 0.95, standardError: 0.01, loss: 0.2 },
      { group: 'block_10', accuracy: 0.94, standardError: 0.012, loss: 0.2 },
      { group: 'last', accuracy: 0.87, standardError: 0.02, loss: 0.4 },
    ],
    attach: 'block_10',
    reason: 'block_10 is the shallowest depth within one standard error of the best.',
  },
  ...Array.from({ length: 12 }, (_, i) => epochOf('head', i + 1, 0.6 / (i + 1) ** 0.5)),
  ...Array.from({ length: 6 }, (_, i) => epochOf('top two groups', i + 1, 0.2 - 0.01 * i + (i > 3 ? 0.05 : 0))),
  {
    type: 'rung',
    phase: 'rung 2',
    kept: false,
    reason: 'No fall beyond one standard error.',
    valLoss: 0.2,
    valAccuracy: 0.9,
  },
  { type: 'note', level: 'warning', text: 'Slide 3 is much darker than the rest.' },
];

const html = renderReport({ passport, events, projectName: 'Lung & <co>' });

test('the report stands alone: no script, no link, no inline style, one style sheet', () => {
  assert.ok(html.startsWith('<!doctype html>'));
  assert.doesNotMatch(html, /<script|<link|<img|<iframe|\son\w+=|\sstyle=|https?:|url\(|@import/i);
  assert.equal(html.split('<style>').length, 2);
  assert.ok(html.includes(`<style>${reportStyle}</style>`));
});

test('it carries the research-use sentence verbatim', () => {
  assert.ok(html.split(researchUseOnly).length > 2, 'at the top and at the bottom');
});

test('intervals come with their unit in words', () => {
  assert.match(html, /0\.940 \[0\.900–0\.970\]/);
  assert.match(html, /patch-level, one patient: it says nothing about other patients/);
  const many = {
    ...passport,
    metrics: { validation: null, test: exampleEvaluation('patient', 24) },
  };
  const report = renderReport({ passport: many, events });
  assert.match(report, /bootstrap over 24 patients/);
  assert.match(report, /There was no validation part/);
  assert.doesNotMatch(report, /says nothing about other patients/);
});

test('sensitivity, specificity, confusion and the colour baseline stand beside the result', () => {
  assert.match(html, /gland<\/td><td>0\.970<\/td><td>0\.960<\/td><td>0\.950<\/td><td>180/);
  assert.match(html, /stroma<\/td><td>0\.910<\/td><td>0\.970<\/td><td>–<\/td>/);
  for (const count of ['175', '5', '11', '109']) assert.match(html, new RegExp(`<td class="s\\d">${count}<br>`));
  assert.match(html, /0\.710 balanced accuracy \(the network is \+0\.230\)/);
});

test('what it was trained on, how, and where the weights are from', () => {
  assert.match(html, /gland<\/td><td>400<\/td><td>90<\/td><td>180/);
  assert.match(html, /Patients<\/td><td>3<\/td><td>1<\/td><td>1/);
  assert.match(html, /Patches<\/td><td>780<\/td><td>190<\/td><td>300/);
  for (const fact of [
    'npm nsfwjs 4.4.0 (MIT)',
    'b'.repeat(64),
    'tfjs 4.22.0',
    'CPU, 2 threads, SIMD',
    '2.1e-6',
    '9,012,345',
  ]) {
    assert.ok(html.includes(fact), fact);
  }
  assert.match(html, /18 epochs in 72 s/);
});

test('probe bars, curves of both phases and the kept epoch are drawn, with numbers only', () => {
  assert.match(html, /block_8[\s\S]*0\.950 ± 0\.010/);
  assert.match(html, /0\.940 ± 0\.012 · taken/);
  assert.equal(html.split('class="validation"').length, 3);
  assert.equal(html.split('class="bestWord"').length, 3);
  for (const [, numbers] of html.matchAll(/ d="([^"]*)"/g)) assert.doesNotMatch(numbers!, /NaN|Infinity/);
});

test('a loss that is no number leaves a gap, not a broken drawing', () => {
  const spoilt = events.map((event, i) =>
    i === 4 ? { ...event, loss: Number.NaN, valLoss: Number.POSITIVE_INFINITY } : event,
  );
  const report = renderReport({ passport, events: spoilt as JobEvent[] });
  for (const [, numbers] of report.matchAll(/ d="([^"]*)"/g)) assert.doesNotMatch(numbers!, /NaN|Infinity/);
});

test('one epoch, no epoch and no probe are reports too', () => {
  for (const few of [[], [epochOf('head', 1, 0.5)], [epochOf('head', 1, Number.NaN)]]) {
    const report = renderReport({ passport, events: few });
    assert.doesNotMatch(report, /NaN|undefined|Infinity/);
  }
});

test('limits name what the numbers do not show', () => {
  assert.match(html, /the validation numbers are therefore optimistic/);
  assert.match(html, /The test part holds one patient/);
  assert.match(html, /Slide 3 is much darker than the rest/);
  assert.doesNotMatch(html, /No patient was kept for the test/);
  const weak = { ...exampleEvaluation('patch-level, unknown patients', null), colourBaseline: 0.92 };
  const report = renderReport({
    passport: { ...passport, mpp: null, stains: [], metrics: { validation: weak, test: null } },
    events,
    plan: {
      classes: [],
      patients: { train: 0, validation: 0, test: 0, known: false },
      slides: 0,
      sizePx: 16,
      mpp: null,
      storeBytes: 0,
      warnings: ['Two slides have no patient.'],
    },
  });
  assert.match(report, /No patient was kept for the test/);
  assert.match(report, /colour alone reaches 0\.920 balanced accuracy/);
  assert.match(report, /unknown µm per px/);
  assert.match(report, /Two slides have no patient/);
  assert.match(report, /patches of one patient may stand on both sides/);
});

test('names are text, whatever stands in them', () => {
  assert.ok(html.includes('Glands &lt;1&gt;') && html.includes('Lung &amp; &lt;co&gt;'));
  const evil = '"><script>alert(1)</script>';
  const hostile = {
    ...passport,
    name: evil,
    classes: [{ name: evil, colour: evil }],
    backbone: { ...passport.backbone, provenance: evil },
    split: { ...passport.split, classes: [{ ...passport.split.classes[0]!, name: evil }] },
  };
  const report = renderReport({ passport: hostile, events: [{ ...epochOf(evil, 1, 0.5) }] });
  assert.doesNotMatch(report, /<script/);
});
