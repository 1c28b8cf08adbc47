import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgram } from '../../app/engine-install/run-program.ts';

const never = new AbortController().signal;

test('what it printed, or its last words in the error', async () => {
  assert.equal(await runProgram({ program: 'sh', args: ['-c', 'echo 4.2'] }, never), '4.2\n');
  await assert.rejects(runProgram({ program: 'sh', args: ['-c', 'echo first >&2; echo no disk >&2; exit 3'] }, never), {
    code: 'engine/program-failed',
    message: 'sh ended with code 3: no disk',
  });
});

test('a program that is not there is named', async () => {
  await assert.rejects(runProgram({ program: 'no-such-compiler', args: [] }, never), {
    code: 'engine/no-program',
    fields: { program: 'no-such-compiler' },
  });
});

test('cancelling kills it', async () => {
  const cancel = new AbortController();
  const run = runProgram({ program: 'sleep', args: ['60'] }, cancel.signal);
  cancel.abort();
  await assert.rejects(run, { name: 'AbortError' });
});
