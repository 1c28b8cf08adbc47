import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { killTraining } from './fixtures/kill-training.ts';
import { startTextureRun, textureSpec } from './fixtures/texture-run.ts';

test('a training that is killed twice ends with the bits of one that was left alone', async (t) => {
  const folder = tempFolder(t);
  const whole = await startTextureRun(await textureSpec(join(folder, 'whole'))).ended;
  const spec = await textureSpec(join(folder, 'killed'));
  const { kills, middles, outcome } = await killTraining(spec, 2, 600, 4);
  t.diagnostic(`${kills} kills, ${middles} times on in mid-epoch`);
  assert.ok(kills > 0);
  assert.ok('files' in whole);
  assert.deepEqual(outcome.files, whole.files);
  assert.equal(outcome.bestEpoch, whole.bestEpoch);
});
