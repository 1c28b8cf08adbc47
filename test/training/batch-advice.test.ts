import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Recipe } from '../../app/core/recipe.ts';
import { batchAdvice, memoryWords } from '../../app/training/batch-advice.ts';

const optimizer = (kind: Recipe['optimizer']['kind']): Recipe['optimizer'] => ({
  kind,
  weightDecay: 0,
  clipNorm: null,
  momentum: 0,
  nesterov: false,
});

test('a batch that leaves an epoch few steps is advised against, with a size and the rate that goes with it', () => {
  const adam = batchAdvice({ batchSize: 32, optimizer: optimizer('adamw') }, 70)!;
  assert.match(adam, /70 patches make 3 steps an epoch at batch size 32; --set batchSize=8 makes 9/);
  assert.match(adam, /about 0\.5 of/);
  assert.match(batchAdvice({ batchSize: 32, optimizer: optimizer('sgd') }, 70)!, /about 0\.25 of/);
  assert.match(batchAdvice({ batchSize: 64, optimizer: optimizer('adam') }, 9)!, /1 step an epoch.*batchSize=2 /);
});

test('usual sizes need no advice, and neither do few patches in small batches', () => {
  assert.equal(batchAdvice({ batchSize: 32, optimizer: optimizer('adam') }, 512), null);
  assert.equal(batchAdvice({ batchSize: 2, optimizer: optimizer('adam') }, 5), null);
});

test('what a phase takes is told, and how a batch goes through it in pieces', () => {
  assert.equal(memoryWords(32, 32, 0.84e9), 'Training takes about 0.8 GB of memory.');
  assert.match(memoryWords(32, 5, 2e9), /about 2.0 GB of memory: batches of 32 go through it 5 at a time/);
});
