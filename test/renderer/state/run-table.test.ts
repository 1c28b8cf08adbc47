import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunView } from '../../../app/core/project.ts';
import { recipeSchema } from '../../../app/core/recipe.ts';
import { comparedColumns } from '../../../renderer/charts/compared-curves.ts';
import { untold } from '../../../renderer/state/run-story.ts';
import { sortedRows, type TrainingRow, trainingRow } from '../../../renderer/state/run-table.ts';

const phases = [{ name: 'head', unfreeze: 0, epochs: 9, learningRate: 1 }];
const recipe = recipeSchema.parse({ name: 'mine', backbone: 'mobilenet-v2', input: {}, phases });
const run: RunView = {
  ...{ id: 'r', kind: 'train', state: 'done', title: '', createdAt: '2026-01-01', endedAt: null },
  ...{ modelId: null, slideId: null, plan: null, result: { attach: 'block_10' } },
};
const epoch = (number: number, valLoss: number, best: boolean) => ({
  ...({
    type: 'epoch',
    phase: 'head',
    epoch: number,
    epochs: 9,
    loss: 1,
    accuracy: 1,
    valLoss,
    valAccuracy: 1,
  } as const),
  ...{ learningRate: 1, seconds: 90, imagesPerSecond: 1, best, etaSeconds: null },
});

test('a run is a row: what it kept, how long its epochs took', () => {
  const story = { ...untold, epochs: [epoch(1, 0.5, true), epoch(2, 0.4, true), epoch(3, 0.6, false)] };
  assert.partialDeepStrictEqual(trainingRow(run, 'done', story, recipe, null), {
    ...{ recipe: 'mine', attach: 'block_10', valLoss: 0.4, accuracy: null, epochs: 3, minutes: 4.5, engine: null },
  });
  assert.partialDeepStrictEqual(trainingRow({ ...run, result: null }, 'queued', untold, recipe, null), {
    ...{ attach: null, valLoss: null, minutes: null, epochs: 0 },
  });
});

test('rows are sorted by any column, what is not known last', () => {
  const rows = [0.3, null, 0.1, 0.2].map((valLoss, i) => ({ id: String(i), valLoss }) as TrainingRow);
  const order = (falling: boolean): string =>
    sortedRows(rows, 'valLoss', falling)
      .map(({ id }) => id)
      .join('');
  assert.equal(order(false), '2301');
  assert.equal(order(true), '0321');
});

test('curves of different lengths share one axis', () => {
  const look = { colour: '--accent', dash: [] };
  const curves = [
    { ...look, name: 'a', values: [3, 2, 1] },
    { ...look, name: 'b', values: [4] },
  ];
  assert.deepEqual(comparedColumns(curves), [
    [1, 2, 3],
    [3, 2, 1],
    [4, null, null],
  ]);
});
