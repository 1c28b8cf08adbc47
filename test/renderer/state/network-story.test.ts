import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { recipeSchema } from '../../../app/core/recipe.ts';
import type { JobEvent } from '../../../app/core/run.ts';
import { networkMap } from '../../../app/weights/network-map.ts';
import { type GroupState, groupStories } from '../../../renderer/state/network-story.ts';
import { keptEpoch, type Story, tell, untold } from '../../../renderer/state/run-story.ts';

const map = networkMap('mobilenet-v2', 224)!;
const shipped = (name: string) =>
  recipeSchema.parse(
    JSON.parse(readFileSync(new URL(`../../../resources/recipes/${name}.json`, import.meta.url), 'utf8')),
  );
const told = (...events: readonly JobEvent[]): Story =>
  events.reduce((story, event, i) => tell(story, { seq: i + 1, at: '2026-01-01T00:00:00Z', ...event }), untold);
const phase = (name: string, index: number, ...below: string[]): JobEvent => ({
  ...{ type: 'phase', name, index, count: 3, groups: ['head', ...below], learningRate: 1e-3, epochs: 9 },
});
const epoch = (name: string, number: number, valLoss: number): JobEvent => ({
  ...{
    type: 'epoch',
    phase: name,
    epoch: number,
    epochs: 9,
    loss: 1,
    accuracy: 1,
    valLoss,
    valAccuracy: 1,
    best: true,
  },
  ...{ learningRate: 1, seconds: 1, imagesPerSecond: 1, etaSeconds: null },
});
const rung = (name: string, kept: boolean): JobEvent => ({
  ...{ type: 'rung', phase: name, kept, reason: '', valLoss: 1, valAccuracy: 1 },
});
const states = (story: Story | null, recipe = shipped('gradual-unfreezing')): Record<string, GroupState> =>
  Object.fromEntries(groupStories(map, recipe, story).map(({ name, state }) => [name, state]));

test('before a run the recipe says what will open and what may', () => {
  const quick = states(null, shipped('quick'));
  assert.deepEqual([quick.stem, quick.block_15, quick.block_16, quick.top], ['frozen', 'frozen', 'opens', 'opens']);
  const gradual = states(null);
  assert.deepEqual([gradual.top, gradual.block_13, gradual.block_12], ['may open', 'may open', 'frozen']);
  const lower = states(null, { ...shipped('quick'), attach: 'block_10' });
  assert.deepEqual(
    [lower.block_8, lower.block_9, lower.block_10, lower.block_11],
    ['frozen', 'opens', 'opens', 'unused'],
  );
  assert.ok(Object.values(states(null, shipped('full'))).every((state) => state === 'opens'));
});

test('groups open as rungs open, and a rung that did not help is undone', () => {
  const first = [phase('head', 0), epoch('head', 1, 1), phase('rung-1', 1, 'top'), epoch('rung-1', 1, 0.8)];
  assert.deepEqual([states(told(...first)).top, states(told(...first)).block_16], ['learns', 'frozen']);
  const second = [
    ...[...first, rung('rung-1', true)],
    ...[phase('rung-2', 2, 'top', 'block_16'), epoch('rung-2', 1, 0.9), rung('rung-2', false)],
  ];
  const after = told(...second, { type: 'done', result: {} });
  assert.deepEqual(
    [states(after).top, states(after).block_16, states(after).block_15],
    ['learned', 'undone', 'frozen'],
  );
  assert.equal(keptEpoch(after)?.phase, 'rung-1');
});

test('the probe’s bars stand on their groups, and the head on the one that it chose', () => {
  const depths = ['block_9', 'block_10'].map((group) => ({ group, accuracy: 0.9, standardError: 0.01, loss: 1 }));
  const groups = groupStories(map, shipped('quick'), told({ type: 'probe', depths, attach: 'block_10', reason: '' }));
  const head = groups.filter(({ holdsHead }) => holdsHead).map(({ name }) => name);
  assert.deepEqual(head, ['block_10']);
  assert.deepEqual(
    groups.filter(({ probe }) => probe).map(({ name }) => name),
    ['block_9', 'block_10'],
  );
});
