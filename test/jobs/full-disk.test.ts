import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EosinError } from '../../app/core/errors.ts';
import { decodeCheckpoint, type EpochCheckpoint } from '../../app/training/checkpoint.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { startTextureRun, temporaryFiles, textureSpec } from './fixtures/texture-run.ts';

/** From now on the process can write no file of more than 1 kB: for it the disk is full. */
const fillDisk = (pid: number) => spawnSync('prlimit', ['--pid', String(pid), '--fsize=1000']);
const canLimit = spawnSync('prlimit', ['--version']).status === 0;

test('a disk that is full in mid-training: in words, the last good state is kept, and the run goes on from it', {
  skip: canLimit ? false : 'prlimit is missing',
}, async (t) => {
  const folder = tempFolder(t);
  const options = { headEpochs: 2, tuneEpochs: 6 };
  const whole = await startTextureRun(await textureSpec(join(folder, 'whole'), options)).ended;
  const spec = await textureSpec(join(folder, 'full'), options);
  const run = startTextureRun(spec, (event, worker) => {
    if (event.type === 'epoch' && event.phase === 'fine-tune' && event.epoch === 2) fillDisk(worker.pid!);
  });
  const ended = await run.ended;
  assert.ok(ended instanceof EosinError);
  assert.equal(ended.code, 'file/disk-full');
  assert.match(ended.message, /disk is full: .*\.ckpt was not written/);
  assert.match(ended.remedy, /Free some space/);
  assert.deepEqual(temporaryFiles(spec), []);
  for (const slot of [0, 1]) {
    const bytes = readFileSync(join(spec.runFolder, `checkpoints/last-${slot}.ckpt`));
    const { origin } = (await decodeCheckpoint(bytes)) as EpochCheckpoint;
    assert.equal(origin.phase, 'fine-tune', 'both are whole');
  }
  const onward = startTextureRun(spec);
  const again = await onward.ended;
  assert.ok('files' in again && 'files' in whole);
  assert.deepEqual(again.files, whole.files);
  const first = onward.events.find((event) => event.type === 'epoch');
  assert.ok(first?.type === 'epoch' && first.phase === 'fine-tune' && first.epoch >= 3, 'what was done is kept');
});
