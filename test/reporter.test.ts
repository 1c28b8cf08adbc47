/** The reporter counts leaves, names failures, and its last line stands alone. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../scripts/test.ts', import.meta.url));
const sample = fileURLToPath(new URL('./reporter-sample.ts', import.meta.url));
let folder = '';

before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'eosin-reporter-'));
});
after(() => rm(folder, { recursive: true, force: true }));

function runTests(files: string[], env: Record<string, string> = {}) {
  const { NODE_TEST_CONTEXT: _, EOSIN_NO_SKIP: __, ...rest } = process.env;
  const { stdout, status } = spawnSync(process.execPath, [script, ...files], {
    env: { ...rest, ...env },
    encoding: 'utf8',
  });
  return { stdout, status, lastLine: stdout.trimEnd().split('\n').at(-1) };
}

test('failures are told in full, skipped tests with their reason, and the last line stands alone', () => {
  const { stdout, status, lastLine } = runTests([sample]);
  assert.equal(status, 1);
  assert.equal(lastLine, '3 passed, 4 failed, 1 skipped');
  assert.match(stdout, /FAILED a suite > fails\n {4}test\/reporter-sample\.ts:\d+/);
  assert.match(stdout, /FAILED a test with parts > a part that fails/);
  assert.match(stdout, /the part broke/);
  assert.match(stdout, /the hook broke/);
  assert.match(stdout, /a suite > is skipped: no browser here/);
  assert.match(stdout, /^not verified: the GPU path: no GPU here$/m);
  assert.doesNotMatch(stdout, /node:internal/);
});

test('where everything must have run, a skipped test is a failure', async () => {
  const file = path.join(folder, 'skip.ts');
  await writeFile(
    file,
    "import { test } from 'node:test';\ntest('a', () => {});\ntest('b', { skip: true }, () => {});\n",
  );
  assert.equal(runTests([file]).status, 0);
  assert.equal(runTests([file]).lastLine, '1 passed, 0 failed, 1 skipped');
  const strict = runTests([file], { EOSIN_NO_SKIP: '1' });
  assert.equal(strict.status, 1);
  assert.equal(strict.lastLine, '1 passed, 1 failed, 0 skipped');
});

test('a file that crashes is a failure, and one without tests shows nothing', async () => {
  const crash = path.join(folder, 'crash.ts');
  await writeFile(crash, "import './not-there.ts';\n");
  const crashed = runTests([crash]);
  assert.equal(crashed.status, 1);
  assert.equal(crashed.lastLine, '0 passed, 1 failed, 0 skipped');
  assert.match(crashed.stdout, /not-there/);
  const empty = path.join(folder, 'empty.ts');
  await writeFile(empty, 'export {};\n');
  assert.equal(runTests([empty]).lastLine, '0 passed, 0 failed, 0 skipped');
  assert.equal(runTests([empty]).status, 1);
});
