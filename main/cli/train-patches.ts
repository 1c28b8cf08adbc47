/** Fine-tunes on folders of class folders. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { type FoldResult, foldSpread, trainFolds } from '../../app/jobs/cross-validate.ts';
import { planFolders } from '../../app/jobs/plan-folders.ts';
import { runDepsOf } from '../../app/jobs/run-deps.ts';
import { findRate, trainModel } from '../../app/jobs/train-model.ts';
import { number, positive, text, word, wrongUse } from './arguments.ts';
import { chosenEngine, chosenRecipe, recipeFlags } from './chosen-recipe.ts';
import type { Command, Flags } from './command.ts';
import { evaluationText } from './evaluation-text.ts';
import { eventPrinter, fixed } from './print-events.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

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
    const { outcome } = await trainModel(
      deps,
      { runFolder, modelFolder, modelId: runId, modelName, plan, engine },
      print,
      signal,
    );
    const { attach, validation, test } = outcome;
    terminal.result({ type: 'done', run: runId, model: modelFolder, attach, validation, test });
    if (terminal.json) return;
    if (validation) terminal.say(`\nValidation\n${evaluationText(validation)}`);
    if (test) terminal.say(`\nTest\n${evaluationText(test)}`);
    terminal.say(`\nModel ${modelFolder}`);
  },
};

function foldCount(flags: Flags): number | null {
  const folds = number(flags, 'folds') ?? null;
  if (folds === null || (Number.isInteger(folds) && folds >= 3 && folds <= 20)) return folds;
  throw wrongUse('--folds wants a whole number from 3 to 20.');
}

function tellFolds(terminal: Terminal, results: readonly FoldResult[]): void {
  const spread = foldSpread(results);
  terminal.result({ type: 'folds', folds: results, ...spread });
  if (terminal.json) return;
  const rows = results.map(({ fold, attach, test }) => [
    String(fold),
    fixed(test.accuracy.value),
    fixed(test.balancedAccuracy.value),
    fixed(test.loss),
    String(test.patches),
    test.patients === null ? '–' : String(test.patients),
    attach,
  ]);
  const { accuracy, balancedAccuracy, loss } = spread;
  const line = (name: string, pick: 'mean' | 'deviation'): string[] => [
    name,
    ...[accuracy, balancedAccuracy, loss].map((one) => fixed(one[pick])),
  ];
  const head = ['Fold', 'accuracy', 'balanced', 'loss', 'patches', 'patients', 'head on'];
  terminal.say(`\n${table(head, [...rows, line('mean', 'mean'), line('spread', 'deviation')])}`);
  terminal.say('Each fold was judged on patches that its training has not seen; spread is the standard deviation.');
}

function absolute(given: string | undefined): string | null {
  return given === undefined ? null : path.resolve(given);
}
