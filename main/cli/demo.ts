/** The main job end to end on slides that it draws itself, judged against their known truth. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import type { App } from '../../app/app.ts';
import type { ProjectView, SlideView } from '../../app/core/project.ts';
import type { Evaluation } from '../../app/core/run.ts';
import { agreementOf, colourAloneOnSlide, readTruth } from '../../app/example-check.ts';
import { openExampleProject } from '../../app/example-project.ts';
import { planProject } from '../../app/jobs/plan-project.ts';
import { heatmapFileOf } from '../../app/jobs/project-runs.ts';
import { runDepsOf } from '../../app/jobs/run-deps.ts';
import { readHeatmapFile } from '../../app/overlay/heatmap-file.ts';
import { text } from './arguments.ts';
import { chosenEngine, chosenRecipe, recipeFlags } from './chosen-recipe.ts';
import type { Command } from './command.ts';
import { evaluationText } from './evaluation-text.ts';
import { startRun } from './follow-run.ts';
import { eventPrinter, fixed } from './print-events.ts';
import { table } from './table.ts';
import { duration } from './terminal.ts';

export const demo: Command = {
  name: 'demo',
  usage: '[--out DIR] [--open] [--recipe ...] [--set key=value]...',
  summary: 'Draws six slides, fine-tunes on four of them, predicts the sixth and compares it with the truth.',
  flags: { ...recipeFlags, out: { type: 'string' }, open: { type: 'boolean' } },
  async run({ flags, terminal, app, signal }) {
    const startMs = performance.now();
    const started = await app();
    const print = eventPrinter(terminal);
    const folder = path.resolve(text(flags, 'out') ?? path.join(started.services.host.dataFolder, 'demo'));
    const recipe = await chosenRecipe(started, flags);
    terminal.say('Six slides of drawn tissue, six patients: 1-3 train, 4 validates, 5 is the test, 6 is predicted.');
    const project = await openExampleProject(started.services, folder, print, signal);
    const last = lastSlide(project.view());
    const training = await startRun(started, { kind: 'train', recipe, engine: chosenEngine(flags) }, print, signal);
    const modelId = String(training.result.model);
    const prediction = await startRun(started, { kind: 'predict', modelId, slideId: last.id }, print, signal);
    const check = await checkPrediction(started, folder, { modelId, slide: last, recipe }, signal);
    const { validation, test } = training.result as { validation: Evaluation; test: Evaluation };
    const runFolder = (runId: string): string => path.join(project.folders.runs, runId);
    const files = {
      preview: path.join(runFolder(prediction.runId), `${last.name}.preview.png`),
      report: path.join(runFolder(training.runId), 'report.html'),
      project: project.folder,
    };
    const seconds = (performance.now() - startMs) / 1000;
    terminal.result({ validation, test, prediction: prediction.result, ...check, seconds, files });
    if (!terminal.json) {
      terminal.say(`\nValidation (slide 4)\n${evaluationText(validation)}`);
      terminal.say(`\nTest (slide 5)\n${evaluationText(test)}`);
      terminal.say(
        `\n${checkText(
          check,
          test.classes.map(({ name }) => name),
        )}`,
      );
      terminal.say(
        `\nPreview ${files.preview}\nReport  ${files.report}\nProject ${files.project}\nDone in ${duration(seconds)}.`,
      );
    }
    if (flags.open === true) await openApp(started, files.project);
  },
};

interface Check {
  readonly agreement: number;
  readonly judgedPatches: number;
  readonly confusion: readonly (readonly number[])[];
  readonly colourAlone: number;
}

async function checkPrediction(
  { services }: App,
  folder: string,
  { modelId, slide, recipe }: { modelId: string; slide: SlideView; recipe: Parameters<typeof planProject>[2] },
  signal: AbortSignal,
): Promise<Check> {
  const project = services.workspace.project();
  const heatmap = await readHeatmapFile(heatmapFileOf(project, { modelId, slideId: slide.id, stride: null }));
  const truth = await readTruth(path.join(folder, 'slides', `${slide.name}.truth`));
  const { balancedAccuracy, patches, confusion } = agreementOf(heatmap, truth);
  const deps = runDepsOf(services);
  const plan = await planProject(project, services, recipe, signal);
  const seen = { path: project.slides.resolvePath(slide.id), truth };
  const colourAlone = await colourAloneOnSlide(deps, plan, heatmap, seen, signal);
  return { agreement: balancedAccuracy, judgedPatches: patches, confusion, colourAlone };
}

function checkText({ agreement, judgedPatches, confusion, colourAlone }: Check, names: readonly string[]): string {
  const rows = confusion.map((row, i) => [names[i] ?? '', ...row.map(String)]);
  return [
    `Slide 6, never seen, against its truth: balanced accuracy ${fixed(agreement)} on ${judgedPatches} patches of one class`,
    `A colour histogram trained on the same patches reaches ${fixed(colourAlone)} there.`,
    table(['Truth \\ predicted', ...names], rows),
  ].join('\n');
}

function lastSlide(project: ProjectView): SlideView {
  return [...project.slides].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true })).at(-1)!;
}

/** The app in a process of its own: it outlives this command. */
async function openApp(app: App, projectFolder: string): Promise<void> {
  await app.services.workspace.close();
  const start = path.join(app.services.host.resourcesFolder, '..', 'scripts', 'start.ts');
  spawn(process.execPath, [start, '--project', projectFolder], { detached: true, stdio: 'inherit' }).unref();
}
