/** Predicts whole slides with a finished model. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { App } from '../../app/app.ts';
import { EosinError, type ErrorReport, isAbort, reportOf } from '../../app/core/errors.ts';
import { predictSlide } from '../../app/jobs/predict-slide.ts';
import { runDepsOf } from '../../app/jobs/run-deps.ts';
import { writePredictionOutputs } from '../../app/overlay/outputs/write-outputs.ts';
import { summarize } from '../../app/overlay/summary.ts';
import type { FitOverride } from '../../app/passports/guards.ts';
import { type OpenedModel, openModelFolder } from '../../app/passports/model-folder.ts';
import { positive, requiredText, text, word, wrongUse } from './arguments.ts';
import type { Command } from './command.ts';
import { eventPrinter } from './print-events.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

export const predict: Command = {
  name: 'predict',
  usage:
    'MODEL SLIDE... --out DIR [--stride PX] [--slide-mpp F] [--stain NAME] [--model-mpp F] [--any-stain] [--any-colour]',
  summary:
    'Predicts slides: heat map, preview, patches, regions and numbers a slide. --stride in level-0 px, --slide-mpp and --model-mpp in µm/px where file or model do not say it.',
  flags: {
    out: { type: 'string' },
    stride: { type: 'string' },
    'slide-mpp': { type: 'string' },
    stain: { type: 'string' },
    'model-mpp': { type: 'string' },
    'any-stain': { type: 'boolean' },
    'any-colour': { type: 'boolean' },
  },
  async run({ words, flags, terminal, app, signal }) {
    const folder = path.resolve(requiredText(flags, 'out'));
    const modelMpp = positive(flags, 'model-mpp');
    const options: PredictOptions = {
      folder,
      stride: positive(flags, 'stride') ?? null,
      byHand: positive(flags, 'slide-mpp') ?? null,
      stain: text(flags, 'stain') ?? '',
      override: {
        ...(modelMpp === undefined ? {} : { modelMpp }),
        ...(flags['any-stain'] === true ? { anyStain: true } : {}),
        ...(flags['any-colour'] === true ? { anyColour: true } : {}),
      },
    };
    const model = await openModelFolder(path.resolve(word(words, 0, 'MODEL')));
    const slides = words.slice(1);
    if (slides.length === 0) throw wrongUse('SLIDE is missing.');
    const twin = slides.find((slide, i) => slides.findIndex((other) => nameOf(other) === nameOf(slide)) !== i);
    if (twin) throw wrongUse(`Two slides are called ${nameOf(twin)}: predict them into folders of their own.`);
    const started = await app();
    const failed: ErrorReport[] = [];
    for (const slide of slides) {
      try {
        await predictOne(started, terminal, model, path.resolve(slide), options, signal);
      } catch (thrown) {
        if (slides.length === 1 || isAbort(thrown) || signal.aborted) throw thrown;
        const report = reportOf(thrown);
        terminal.note(`${slide}: ${report.code}: ${report.message} ${report.remedy}`);
        terminal.result({ slide, error: report });
        failed.push(report);
      }
    }
    if (!failed[0]) return;
    const message = `${failed.length} of ${slides.length} slides could not be predicted.`;
    return new EosinError('predict/some-failed', failed[0].kind, message, {
      remedy: 'The others are finished; see the reasons above.',
    });
  },
};

interface PredictOptions {
  readonly folder: string;
  readonly stride: number | null;
  /** µm per px that a person gave for slides that do not say it. */
  readonly byHand: number | null;
  readonly stain: string;
  readonly override: FitOverride;
}

/** The outputs of a slide carry its name without the ending. */
function nameOf(slidePath: string): string {
  return path.parse(slidePath).name;
}

/** What tells two predictions of one slide apart, so that each goes on in a file of its own. */
function choicesOf({ passport }: OpenedModel, stride: number | null, override: FitOverride): string[] {
  return [
    passport.id.slice(0, 8),
    ...(stride === null ? [] : [`stride-${stride}`]),
    ...(override.modelMpp === undefined ? [] : [`model-mpp-${override.modelMpp}`]),
    ...(override.anyStain ? ['any-stain'] : []),
    ...(override.anyColour ? ['any-colour'] : []),
  ];
}

async function predictOne(
  { services }: App,
  terminal: Terminal,
  model: OpenedModel,
  slidePath: string,
  { folder, stride, byHand, stain, override }: PredictOptions,
  signal: AbortSignal,
): Promise<void> {
  const { host, pool } = services;
  const info = await pool.describe(slidePath, signal);
  const mpp = byHand === null ? info.mpp : { x: byHand, y: byHand };
  const name = nameOf(slidePath);
  const heatmapFile = path.join(folder, `${[name, ...choicesOf(model, stride, override)].join('.')}.unfinished`);
  const runId = randomUUID();
  const slide = { id: name, path: slidePath, info, mpp, stain };
  const deps = runDepsOf(services);
  const request = { slide, model, stride, override, heatmapFile, threads: deps.threads };
  const prediction = await predictSlide(deps, request, eventPrinter(terminal), signal);
  const { heatmap, patches, seconds, warnings, penOf } = prediction;
  const files = await writePredictionOutputs({
    folder,
    name,
    heatmap,
    penOf,
    runId,
    passport: model.passport,
    slideInfo: info,
    thumbnailJpeg: await pool.thumbnail(slidePath, 1024, signal),
    settings: { stride, slideMppByHand: byHand, warnings },
    versions: { eosin: host.appVersion, node: process.versions.node },
  });
  await rm(heatmapFile, { force: true });
  terminal.result({ slide: slidePath, patches, seconds, perSecond: seconds > 0 ? patches / seconds : null, files });
  if (terminal.json) return;
  const rows = summarize(heatmap, runId).classes.map(({ name: className, patches: own, areaUm2 }) => [
    className,
    String(own),
    areaUm2 === null ? '–' : (areaUm2 / 1e6).toFixed(2),
  ]);
  terminal.say(
    `\n${name}: ${patches} patches in ${seconds.toFixed(1)} s (${(patches / Math.max(seconds, 1e-9)).toFixed(0)}/s)`,
  );
  terminal.say(table(['Class', 'patches', 'mm²'], rows));
  terminal.say(`Preview ${files.preview}`);
}
