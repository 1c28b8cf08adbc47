import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EosinError } from '../../app/core/errors.ts';
import type { StartProcess, WorkerProcess } from '../../app/core/worker-process.ts';
import type { PredictSpec } from '../../app/jobs/job-spec.ts';
import { startWorkerRun } from '../../app/jobs/worker-run.ts';
import { forkWorker } from '../../main/start-process.ts';

const oddWorker = fileURLToPath(new URL('./fixtures/odd-worker.ts', import.meta.url));
const specOf = (behaviour: string): PredictSpec => ({
  kind: 'predict',
  onnxFiles: [behaviour],
  threads: 1,
  batchSize: 1,
  sizePx: 16,
  classCount: 2,
  slotFile: '',
});

/** A run of the odd worker, with the process it started and how that ended. */
function oddRun(behaviour: string, signal: AbortSignal, onMessage: () => void = () => undefined, pause?: AbortSignal) {
  const started: WorkerProcess[] = [];
  const start: StartProcess = () => {
    const worker = forkWorker(oddWorker);
    started.push(worker);
    return worker;
  };
  const run = startWorkerRun(start, specOf(behaviour), onMessage, signal, pause);
  const gone = (): Promise<unknown> => new Promise((resolve) => started[0]!.onExit(resolve));
  return { ...run, started, gone };
}

async function errorOf(work: Promise<unknown>): Promise<EosinError> {
  const thrown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof EosinError, String(thrown));
  return thrown;
}

test('a worker that ends by itself is job/worker-died, with how it died', async () => {
  const signal = new AbortController().signal;
  const exited = await errorOf(oddRun('exits', signal).ended);
  assert.equal(exited.code, 'job/worker-died');
  assert.equal(exited.kind, 'retry');
  assert.equal(exited.fields.code, 3);
  const killed = await errorOf(oddRun('killed', signal).ended);
  assert.equal(killed.code, 'job/worker-died');
  assert.match(killed.message, /SIGKILL/);
});

test('a worker that says why it failed is believed, and its process ends', async () => {
  const run = oddRun('fails', new AbortController().signal);
  const error = await errorOf(run.ended);
  assert.equal(error.code, 'train/diverged');
  assert.deepEqual(error.fields, { epoch: 2 });
  await run.gone();
});

test('a finished worker is ended, and its run keeps no listener on the signal', async () => {
  const cancel = new AbortController();
  const run = oddRun('finishes', cancel.signal);
  assert.equal(await run.ended, null);
  await run.gone();
  cancel.abort();
  assert.equal(await run.ended, null);
});

test('a cancel that is answered ends the run at once', async () => {
  const cancel = new AbortController();
  const run = oddRun('prompt', cancel.signal, () => cancel.abort());
  assert.equal((await errorOf(run.ended)).kind, 'cancelled');
  await run.gone();
});

test('a pause before there is anything to keep ends the run as a cancel does, in time', async () => {
  const never = new AbortController().signal;
  for (const behaviour of ['prompt', 'deaf']) {
    const pause = new AbortController();
    const run = oddRun(behaviour, never, () => pause.abort(), pause.signal);
    assert.equal((await errorOf(run.ended)).code, 'job/cancelled');
    await run.gone();
  }
});

test('a cancel that is not answered is a SIGKILL within two seconds', async () => {
  const cancel = new AbortController();
  let cancelledAt = 0;
  const run = oddRun('deaf', cancel.signal, () => {
    cancelledAt = performance.now();
    cancel.abort();
  });
  assert.equal((await errorOf(run.ended)).kind, 'cancelled');
  const seconds = (performance.now() - cancelledAt) / 1000;
  assert.ok(seconds > 1.5 && seconds < 5, `${seconds} s`);
  assert.deepEqual(await run.gone(), { code: null, signal: 'SIGKILL' });
});

test('a run that was cancelled before its start starts no process', async () => {
  const run = oddRun('finishes', AbortSignal.abort());
  assert.equal((await errorOf(run.ended)).kind, 'cancelled');
  assert.equal(run.started.length, 0);
});

test('an event that its listener cannot take ends the run, not the host', async () => {
  const full = new EosinError('project/disk-full', 'retry', 'Full.', { remedy: 'Free some space.' });
  const run = oddRun('deaf', new AbortController().signal, () => {
    throw full;
  });
  assert.equal(await errorOf(run.ended), full);
  await run.gone();
});
