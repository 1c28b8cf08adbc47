/** Under the double of the `electron` module, with real processes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorkerProcess } from '../../../app/core/worker-process.ts';
import { startProcess } from '../../../main/start-process.ts';
import './register-double.ts';

const { told } = await import('./electron-double.ts');
const { stayingAwake } = await import('../../../main/electron/stay-awake.ts');

const ended = (worker: WorkerProcess): Promise<void> =>
  new Promise((resolve) => {
    worker.onExit(() => resolve());
    worker.kill();
  });

test('the system stays awake from the first job to the end of the last, and for nothing else', async (t) => {
  const start: typeof startProcess = stayingAwake((entry) => {
    const worker = startProcess(entry);
    t.after(() => worker.kill());
    return worker;
  });
  const decode = start('decode');
  assert.equal(told.awake.size, 0);
  const [first, second] = [start('job'), start('job')];
  assert.deepEqual([...told.awake.values()], ['prevent-app-suspension']);
  await ended(first);
  assert.equal(told.awake.size, 1);
  await ended(second);
  assert.equal(told.awake.size, 0);
  const third = start('job');
  assert.equal(told.awake.size, 1);
  await ended(third);
  await ended(decode);
  assert.equal(told.awake.size, 0);
});
