/** Predicts whole slides with a finished model. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { App } from '../../app/app.ts';
import { EosinError, isAbort, reportOf } from '../../app/core/errors.ts';
import { predictSlide } from '../../app/jobs/predict-slide.ts';
import { runDepsOf } from '../../app/jobs/run-deps.ts';
import { writePredictionOutputs } from '../../app/overlay/outputs/write-outputs.ts';
import { summarize } from '../../app/overlay/summary.ts';
import { type OpenedModel, openModelFolder } from '../../app/passports/model-folder.ts';
import { number, requiredText, text, word, wrongUse } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { eventPrinter } from './print-events.ts';
import { table } from './table.ts';

export const predict: Command = {
  name: 'predict',
  usage: 'MODEL SLIDE... --out DIR [--stride PX] [--slide-mpp F] [--stain NAME]',
  summary: 'Predicts slides: heat map, preview, patches, regions and numbers a slide. --stride in level-0 px.',
  flags: {
    out: { type: 'string' },
    stride: { type: 'string' },
    'slide-mpp': { type: 'string' },
    stain: { type: 'string' },
  },
  async run(context) {
    const { words, terminal, signal } = context;
    const started = await context.app();
    const model = await openModelFolder(path.resolve(word(words, 0, 'MODEL')));
    const slides = words.slice(1);
    if (slides.length === 0) throw wrongUse('SLIDE is missing.');
    const failed: EosinError[] = [];
    for (const slide of slides) {
      try {
        await predictOne(context, started, model, path.resolve(slide));
      } catch (thrown) {
        if (slides.length === 1 || isAbort(thrown) || signal.aborted) throw thrown;
        const report = reportOf(thrown);
        terminal.note(`${slide}: ${report.code}: ${report.message} ${report.remedy}`);
        terminal.result({ slide, error: report });
        failed.push(EosinError.fromReport(report));
      }
    }
    if (failed[0]) {
      throw new EosinError(
        'predict/some-failed',
        failed[0].kind,
        `${failed.length} of ${slides.length} slides could not be predicted.`,
        {
          remedy: 'The others are finished; see the reasons above.',
        },
      );
    }
  },
};

async function predictOne(
  { flags, terminal, signal }: CommandContext,
  app: App,
  model: OpenedModel,
  slidePath: string,
): Promise<void> {
  const { host, pool } = app.services;
  const folder = path.resolve(requiredText(flags, 'out'));
  const stride = number(flags, 'stride') ?? null;
  if (stride !== null && stride <= 0) throw wrongUse('--stride wants a number above 0.');
  const byHand = number(flags, 'slide-mpp');
  const info = await pool.describe(slidePath, signal);
  const mpp = byHand === undefined ? info.mpp : { x: byHand, y: byHand };
  const { name } = path.parse(slidePath);
  const heatmapFile = path.join(folder, `${name}.${model.passport.id.slice(0, 8)}.unfinished`);
  const runId = randomUUID();
  const slide = { id: name, path: slidePath, info, mpp, stain: text(flags, 'stain') ?? '' };
  const request = { runId, slide, model, stride, heatmapFile, threads: runDepsOf(host, pool).threads };
  const { heatmap, patches, seconds } = await predictSlide(
    runDepsOf(host, pool),
    request,
    eventPrinter(terminal),
    signal,
  );
  const files = await writePredictionOutputs({
    folder,
    name,
    heatmap,
    runId,
    passport: model.passport,
    slideInfo: info,
    thumbnailJpeg: await pool.thumbnail(slidePath, 1024, signal),
    settings: { stride, slideMppByHand: byHand ?? null },
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
