/** Judges a finished model on labelled patches. */
import path from 'node:path';
import { defaultPatchRule } from '../../app/core/patch-quality.ts';
import type { SplitPart } from '../../app/core/project.ts';
import { evaluateModel } from '../../app/jobs/evaluate-model.ts';
import { planPictures } from '../../app/jobs/plan-folders.ts';
import { planLabelled } from '../../app/jobs/plan-project.ts';
import { runDepsOf } from '../../app/jobs/run-deps.ts';
import type { TrainPlan } from '../../app/jobs/train-plan.ts';
import { modelMppOf } from '../../app/passports/guards.ts';
import { openModelFolder } from '../../app/passports/model-folder.ts';
import { positive, text, word, wrongUse } from './arguments.ts';
import type { Command } from './command.ts';
import { evaluationText } from './evaluation-text.ts';
import { openProjectAt } from './open-project.ts';
import { eventPrinter } from './print-events.ts';

const parts: readonly SplitPart[] = ['train', 'validation', 'test'];

export const evaluateCommand: Command = {
  name: 'evaluate',
  usage: 'MODEL (--project DIR [--split test] [--model-mpp F] | --patches DIR [--groups FILE.csv])',
  summary: 'Metrics with confidence intervals, the colour-only baseline beside them.',
  flags: {
    project: { type: 'string' },
    split: { type: 'string' },
    patches: { type: 'string' },
    groups: { type: 'string' },
    'model-mpp': { type: 'string' },
  },
  async run({ words, flags, terminal, app, signal }) {
    const model = await openModelFolder(path.resolve(word(words, 0, 'MODEL')));
    const started = await app();
    const { services } = started;
    const project = text(flags, 'project');
    const folder = text(flags, 'patches');
    if ((project === undefined) === (folder === undefined))
      throw wrongUse('Give either --project DIR or --patches DIR.');
    const part = parts.find((one) => one === (text(flags, 'split') ?? 'test'));
    if (!part) throw wrongUse(`--split wants one of ${parts.join(', ')}.`);
    const { passport } = model;
    const recipeAt = (mpp: number | null) => ({
      ...passport.recipe,
      input: { ...passport.recipe.input, sizePx: passport.sizePx, mpp },
    });
    let plan: TrainPlan;
    if (folder === undefined) {
      const { mpp, warnings } = modelMppOf(passport, { modelMpp: positive(flags, 'model-mpp') });
      for (const warning of warnings) terminal.note(`Note: ${warning}`);
      await openProjectAt(started, project!);
      plan = await planLabelled(services.workspace.project(), services, recipeAt(mpp), signal, {
        rule: passport.selection?.rule ?? defaultPatchRule,
      });
    } else {
      const groups = text(flags, 'groups');
      const groupsFile = groups === undefined ? null : path.resolve(groups);
      plan = await planPictures(path.resolve(folder), groupsFile, recipeAt(passport.mpp));
    }
    const deps = runDepsOf(services);
    const evaluation = await evaluateModel(
      deps,
      model,
      plan,
      folder === undefined ? part : 'test',
      eventPrinter(terminal),
      signal,
    );
    terminal.result(evaluation);
    if (!terminal.json) terminal.say(evaluationText(evaluation));
  },
};
