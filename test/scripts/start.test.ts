/** `npm start` without Electron: prints an address that works, keeps the token out of the process list, ends on a signal. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../../scripts/root.ts';

test('the app opens in the browser shell and ends cleanly', async (t) => {
  const home = await mkdtemp(path.join(os.tmpdir(), 'eosin-start-'));
  t.after(() => rm(home, { recursive: true, force: true }));
  const child = spawn(process.execPath, [path.join(root, 'scripts/start.ts'), '--browser', '--no-open'], {
    env: { ...process.env, HOME: home, XDG_DATA_HOME: '', XDG_CACHE_HOME: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const [found] = /http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}/.exec(text) ?? [];
      if (found !== undefined) resolve(found);
    });
    void exited.then((code) => reject(new Error(`It ended with ${code}: ${text}`)));
  });
  const { origin, hash } = new URL(address);
  const token = hash.slice('#token='.length);
  const page = await fetch(`${origin}/`);
  assert.match(await page.text(), /<div id="app">/);
  assert.equal((await fetch(`${origin}/api/app`)).status, 401);
  const info = await fetch(`${origin}/api/app`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(((await info.json()) as { host: string }).host, 'browser');
  if (process.platform === 'linux') {
    const words = await readFile(`/proc/${child.pid}/cmdline`, 'utf8');
    assert.ok(!words.includes(token));
  }
  child.kill('SIGTERM');
  assert.equal(await exited, 0);
});
