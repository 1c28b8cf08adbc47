import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Recipe, recipeSchema } from '../../app/core/recipe.ts';
import { trainingCost } from '../../app/core/training-cost.ts';
import { networkMap } from '../../app/weights/network-map.ts';

const { groups } = networkMap('mobilenet-v2', 224)!;
const speeds = { trainPerSecond: 10, forwardPerSecond: 40, inferencePerSecond: 300 };
const shipped = (name: string, change: Partial<Recipe> = {}): Recipe => ({
  ...recipeSchema.parse(
    JSON.parse(readFileSync(new URL(`../../resources/recipes/${name}.json`, import.meta.url), 'utf8')),
  ),
  ...change,
});
const cost = (recipe: Recipe, train = 300, validation = 100, at: typeof speeds | null = speeds) =>
  trainingCost({ recipe, groups, train, validation, speeds: at, engineId: 'wasm' });

test('a head alone on averaged features caches one number a channel', () => {
  const [head] = shipped('quick').phases;
  const recipe = shipped('quick', { attach: 'last', phases: [head!] });
  assert.equal(cost(recipe).cacheBytes, (300 * 4 + 100) * 1280 * 4);
  const atBlock = cost({ ...recipe, attach: 'block_10' });
  assert.equal(atBlock.cacheBytes, (300 * 4 + 100) * 96 * 4);
});

test('what learns further down costs time and, until everything learns, a cache', () => {
  const [head] = shipped('quick').phases;
  const at = (unfreeze: number | 'all') =>
    cost(shipped('quick', { attach: 'last', phases: [{ ...head!, unfreeze, epochs: 10 }] }));
  assert.ok(at(2).seconds! > at(1).seconds! && at(1).seconds! > at(0).seconds!);
  // Two groups: block_16 and top; the row is block_15's output.
  assert.equal(at(2).cacheBytes, (300 * 4 + 100) * 7 * 7 * 160 * 4);
  assert.equal(at('all').cacheBytes, 0);
  const whole = at('all').seconds!;
  const learned = (10 * 300) / 10 + (10 * 100) / 40;
  assert.ok(whole > learned && whole < learned * 1.2, `${whole} s, ${learned} s of learning`);
});

test('rungs, views drawn afresh and another pass for the probe are counted', () => {
  const gradual = shipped('gradual-unfreezing');
  assert.ok(cost(gradual).seconds! > 3 * cost({ ...gradual, ladder: null }).seconds!);
  assert.ok(cost(gradual).cacheBytes > cost({ ...gradual, ladder: null }).cacheBytes);
  assert.ok(cost({ ...gradual, renewViews: 1 }).seconds! > cost(gradual).seconds!);
  assert.ok(cost({ ...gradual, attach: 'auto' }).seconds! > cost(gradual).seconds!);
});

test('the depth probe looks at two views of varied patches, and at 600 patches at the most', () => {
  const network = groups.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0) / 300e6;
  const probe = (train: number, change: Partial<Recipe>): number => {
    const seconds = (attach: string) => cost(shipped('quick', { attach, ...change }), train).seconds!;
    return Math.round(((seconds('auto') - seconds('top')) * speeds.inferencePerSecond) / network);
  };
  assert.deepEqual([probe(300, {}), probe(300, { augment: null }), probe(5000, {})], [600, 300, 1200]);
});

test('memory is bounded by the micro-batch, unless a whole batch is normalised; no speed, no time', () => {
  const full = shipped('full', { batchSize: 32 });
  assert.ok(cost(full).memoryBytes <= 2.3e9 + 64e6);
  assert.ok(cost({ ...full, batchNorm: 'training' }).memoryBytes > 2.5e9);
  assert.equal(cost(full, 300, 100, null).seconds, null);
});
