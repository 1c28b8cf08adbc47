/** Real worker processes: what they are told, how they end, and that none outlives its starter. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { WorkerProcess } from '../../app/core/worker-process.ts';
import { forkWorker, workerFile } from '../../main/start-process.ts';

const echo = fileURLToPath(new URL('./fixtures/echo-process.ts', import.meta.url));
const starter = fileURLToPath(new URL('./fixtures/starter.ts', import.meta.url));

function nextMessage(worker: WorkerProcess, type: string): Promise<Record<string, unknown>> {
  return new Promise((resolve) =>
    worker.onMessage((message) => {
      const document = message as Record<string, unknown>;
      if (document.type === type) resolve(document);
    }),
  );
}
const exitOf = (worker: WorkerProcess) => new Promise((resolve) => worker.onExit(resolve));

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('every entry has its file', () => {
  for (const entry of ['decode', 'job', 'demo', 'doctor'] as const) assert.ok(existsSync(workerFile(entry)), entry);
});

test('messages arrive as they were sent, the environment as it was set, no Node flag is inherited', async () => {
  const worker = forkWorker(echo, { env: { EOSIN_TEST_MARK: 'violet' } });
  await nextMessage(worker, 'ready');
  const value = { loss: Number.NaN, pixels: new Uint8Array([1, 2, 255]), none: undefined };
  worker.send({ type: 'echo', value });
  const answer = await nextMessage(worker, 'echo');
  assert.deepEqual(answer.value, value);
  assert.equal(answer.mark, 'violet');
  assert.deepEqual(answer.flags, []);
  worker.send({ type: 'end' });
  assert.deepEqual(await exitOf(worker), { code: 3, signal: null });
  // A late listener still hears of it, and a late message is no error.
  assert.deepEqual(await exitOf(worker), { code: 3, signal: null });
  worker.send({ type: 'echo' });
});

test('a worker in an endless loop is killed', async () => {
  const worker = forkWorker(echo);
  await nextMessage(worker, 'ready');
  worker.send({ type: 'spin' });
  await nextMessage(worker, 'spinning');
  worker.kill();
  assert.deepEqual(await exitOf(worker), { code: null, signal: 'SIGKILL' });
});

test('a file that is not there ends at once', async () => {
  const worker = forkWorker(`${echo}.missing`);
  const how = (await exitOf(worker)) as { code: number | null };
  assert.notEqual(how.code, 0);
});

for (const [name, mode, end] of [
  ['a starter that ends', 'exit', 'none'],
  ['a killed starter', 'wait', 'SIGKILL'],
  ['a killed starter whose worker spins', 'spin', 'SIGKILL'],
] as const) {
  test(`${name} leaves no worker behind`, async () => {
    const child = spawn(process.execPath, [starter, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk) => {
        text += chunk;
        if (mode === 'spin' ? text.includes('spinning') : text.includes('\n')) resolve();
      });
    });
    if (end !== 'none') child.kill(end);
    await gone(Number.parseInt(text, 10));
  });
}
