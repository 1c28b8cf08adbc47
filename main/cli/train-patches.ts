/** Fine-tunes on folders of class folders. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { trainFolds } from '../../app/jobs/cross-validate.ts';
import { planFolders } from '../../app/jobs/plan-folders.ts';
import { runDepsOf } from '../../app/jobs/run-deps.ts';
import { findRate, trainModel } from '../../app/jobs/train-model.ts';
import { positive, text, word } from './arguments.ts';
import { askingWhenDiverging, canAsk } from './ask-diverging.ts';
import { chosenEngine, chosenRecipe, recipeFlags } from './chosen-recipe.ts';
import type { Command } from './command.ts';
import { evaluationText } from './evaluation-text.ts';
import { foldCount, tellFolds } from './fold-table.ts';
import { eventPrinter } from './print-events.ts';

export const trainPatches: Command = {
  name: 'train-patches',
  usage:
    'TRAIN_DIR VAL_DIR [--test DIR] [--groups FILE.csv] [--mpp F] [--out DIR] [--find-rate | --folds 5] [--recipe ...] [--engine ID] [--set key=value]...',
  summary: 'The same on folders of class folders, one folder a class.',
  flags: {
    ...recipeFlags,
    test: { type: 'string' },
    groups: { type: 'string' },
    mpp: { type: 'string' },
    out: { type: 'string' },
    'find-rate': { type: 'boolean' },
    folds: { type: 'string' },
  },
  async run({ words, flags, terminal, app, signal }) {
    const started = await app();
    const { services } = started;
    const recipe = await chosenRecipe(started, flags);
    const folds = foldCount(flags);
    const plan = await planFolders(
      {
        train: path.resolve(word(words, 0, 'TRAIN_DIR')),
        validation: path.resolve(word(words, 1, 'VAL_DIR')),
        test: absolute(text(flags, 'test')),
        groups: absolute(text(flags, 'groups')),
        mpp: positive(flags, 'mpp') ?? null,
      },
      recipe,
      folds !== null,
    );
    const runId = randomUUID();
    const runFolder = absolute(text(flags, 'out')) ?? path.join(services.host.dataFolder, 'runs', runId);
    const deps = runDepsOf(services);
    const print = eventPrinter(terminal);
    const engine = chosenEngine(flags);
    const modelName = `${path.basename(path.resolve(words[0]!, '..'))} · ${recipe.name}`;
    if (flags['find-rate']) {
      await findRate(deps, { runFolder, plan, engine }, print, signal);
      return;
    }
    if (folds !== null) {
      const request = { runFolder, plan, engine, modelId: runId, modelName };
      const onFold = (fold: number, count: number): void => terminal.say(`\nFold ${fold} of ${count}`);
      tellFolds(terminal, await trainFolds(deps, request, folds, onFold, print, signal));
      return;
    }
    const modelFolder = path.join(runFolder, `model-${runId.slice(0, 8)}`);
    const request = { runFolder, modelFolder, modelId: runId, modelName, plan, engine };
    const { outcome } = await askingWhenDiverging(terminal, print, signal, (answer, onEvent) =>
      trainModel(deps, { ...request, diverging: { answer, ask: canAsk() } }, onEvent, signal),
    );
    const { attach, validation, test } = outcome;
    terminal.result({ type: 'done', run: runId, model: modelFolder, attach, validation, test });
    if (terminal.json) return;
    if (validation) terminal.say(`\nValidation\n${evaluationText(validation)}`);
    if (test) terminal.say(`\nTest\n${evaluationText(test)}`);
    terminal.say(`\nModel ${modelFolder}`);
  },
};

function absolute(given: string | undefined): string | null {
  return given === undefined ? null : path.resolve(given);
}
