import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { cancelTraining } from './fixtures/cancel-training.ts';
import { textureSpec } from './fixtures/texture-run.ts';

test('cancels at random moments leave no process and no temporary file, and the best weights', async (t) => {
  const spec = await textureSpec(tempFolder(t), { headEpochs: 900 });
  const left = await cancelTraining(spec, 3, 400, 1);
  assert.equal(left.cancels, 3);
  assert.equal(left.orphans, 0);
  assert.deepEqual(left.temporaryFiles, []);
  assert.ok(left.afterAnEpoch > 0, 'at least one came after an epoch');
  assert.equal(left.bestKept, left.afterAnEpoch);
});
