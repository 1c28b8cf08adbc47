import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { applySettings } from '../../app/training/recipe-book.ts';
import { engine, ofType, smallRecipe, trainTextures } from './fixtures/train-bench.ts';

after(() => engine.close());

test('a ladder opens rung after rung, undoes what does not help, and leaves every rung on disk', async () => {
  const ladder = { groups: 4, epochs: 2, learningRate: 0.3, rateDecay: 0.5, patience: 1 };
  const recipe = applySettings(smallRecipe, [`ladder=${JSON.stringify(ladder)}`]);
  const { outcome, events, files } = await trainTextures({ ...recipe, phases: recipe.phases.slice(0, 1) });
  // At such a rate every rung does harm; after two in a row the ladder ends.
  assert.deepEqual(
    ofType(events, 'rung').map(({ phase, kept }) => `${phase} ${kept}`),
    ['rung-1-block_3 false', 'rung-2-block_2 false'],
  );
  const rates = ofType(events, 'phase').map(({ learningRate }) => learningRate);
  assert.deepEqual(rates, [1e-3, 0.3, 0.15]);
  assert.equal(outcome.bestPhase, 'head');
  const [head] = ofType(events, 'epoch').filter(({ phase, epoch }) => phase === 'head' && epoch === outcome.bestEpoch);
  assert.ok(Math.abs(outcome.validation!.loss - head!.valLoss) < 1e-4, 'the weights before the rungs are back');
  for (const name of ['0-head', '1-rung-1-block_3', '2-rung-2-block_2'])
    assert.ok(files.has(`rungs/${name}.ckpt`), name);
});
