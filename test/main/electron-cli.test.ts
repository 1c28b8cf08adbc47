/** `eosin --cli` of the installed app: the command line without a window, its workers started as Electron does. */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import './electron/register-double.ts';

test('a command runs without a window, in utility processes, and ends with its exit code', async () => {
  const home = await mkdtemp(path.join(os.tmpdir(), 'eosin-electron-cli-'));
  Object.assign(process.env, { HOME: home, XDG_DATA_HOME: `${home}/data`, XDG_CACHE_HOME: `${home}/cache` });
  const { told } = await import('./electron/electron-double.ts');
  const slide = path.join(home, 'no-slide.svs');
  await writeFile(slide, 'This is no slide.');
  process.argv.push('--cli', 'info', slide);
  await import('../../main/electron.ts');
  await told.quit.promise;
  assert.deepEqual(told.order, ['exit 65']);
  assert.equal(told.windows.length, 0);
  assert.ok(
    told.workers.length > 0 && told.workers.every((file) => file.endsWith('decode-process.ts')),
    String(told.workers),
  );
  await rm(home, { recursive: true, force: true });
});
