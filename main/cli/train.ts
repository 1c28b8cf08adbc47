/** Fine-tunes on the labelled slides of a project. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Evaluation } from '../../app/core/run.ts';
import type { FoldResult } from '../../app/jobs/cross-validate.ts';
import { planProject } from '../../app/jobs/plan-project.ts';
import { runDepsOf } from '../../app/jobs/run-deps.ts';
import { findRate } from '../../app/jobs/train-model.ts';
import { text, word, wrongUse } from './arguments.ts';
import { askingWhenDiverging } from './ask-diverging.ts';
import { chosenPatchRule, patchRuleFlags } from './chosen-patch-rule.ts';
import { chosenEngine, chosenRecipe, recipeFlags } from './chosen-recipe.ts';
import type { Command } from './command.ts';
import { evaluationText } from './evaluation-text.ts';
import { foldCount, tellFolds } from './fold-table.ts';
import { createRun, followRun, resumeRun } from './follow-run.ts';
import { openProjectAt } from './open-project.ts';
import { eventPrinter } from './print-events.ts';

export const train: Command = {
  name: 'train',
  usage:
    'DIR ([--recipe NAME|FILE.json] [--engine ID] [--set key=value]... [--keep-pen] [--max-pen 0.05] [--leave-out-blurred] [--min-focus 0.45] [--find-rate | --folds 5] | --resume RUN)',
  summary: 'Plans, fine-tunes, evaluates and saves a model on the labelled slides of a project.',
  flags: {
    ...recipeFlags,
    ...patchRuleFlags,
    resume: { type: 'string' },
    'find-rate': { type: 'boolean' },
    folds: { type: 'string' },
  },
  async run({ words, flags, terminal, app, signal }) {
    const started = await app();
    const folder = path.resolve(word(words, 0, 'DIR'));
    const interrupted = text(flags, 'resume');
    if (
      interrupted !== undefined &&
      Object.keys({ ...recipeFlags, ...patchRuleFlags, folds: null }).some((flag) => flags[flag] !== undefined)
    )
      throw wrongUse('A run goes on with the recipe and engine that it was started with: leave out the other flags.');
    const recipe = await chosenRecipe(started, flags, folder);
    const folds = foldCount(flags);
    if (folds !== null && flags['find-rate']) throw wrongUse('--find-rate and --folds do not go together.');
    const start = { kind: 'train', recipe, engine: chosenEngine(flags), rule: chosenPatchRule(flags), folds };
    await openProjectAt(started, folder);
    const print = eventPrinter(terminal);
    if (flags['find-rate']) {
      const { services } = started;
      const rule = chosenPatchRule(flags);
      const plan = await planProject(services.workspace.project(), services, recipe, signal, { rule });
      const runFolder = path.join(services.host.cacheFolder, 'scratch', randomUUID());
      const request = { runFolder, plan, engine: chosenEngine(flags) };
      try {
        await findRate(runDepsOf(services), request, print, signal);
      } finally {
        await rm(runFolder, { recursive: true, force: true });
      }
      return;
    }
    const id = interrupted ?? (await createRun(started, start)).id;
    let goesOn = interrupted !== undefined;
    const { runId, result } = await askingWhenDiverging(terminal, print, signal, async (answer, onEvent) => {
      if (goesOn) return await resumeRun(started, id, onEvent, signal, answer);
      goesOn = true;
      return await followRun(started, id, 0, onEvent, signal);
    });
    if (Array.isArray(result.folds)) {
      tellFolds(terminal, result.folds as FoldResult[]);
      return;
    }
    const { validation, test } = result as { validation: Evaluation | null; test: Evaluation | null };
    const model = path.join(started.services.workspace.project().folders.models, String(result.model));
    terminal.result({ type: 'done', run: runId, model, attach: result.attach, validation, test });
    if (terminal.json) return;
    if (validation) terminal.say(`\nValidation\n${evaluationText(validation)}`);
    terminal.say(test ? `\nTest\n${evaluationText(test)}` : '\nNo test part: no claim about other patients is made.');
    terminal.say(
      `\nModel  ${model}\nReport ${path.join(started.services.workspace.project().folders.runs, runId, 'report.html')}`,
    );
  },
};
