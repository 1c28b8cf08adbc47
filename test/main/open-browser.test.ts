/** The default browser gets the token through a file that only this user can read, never through a process list. */

import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { serveApp } from '../../main/loopback-server.ts';
import { openBrowser, redirectPage } from '../../main/open-browser.ts';
import { chromiumFile, withoutChromium } from '../browser.ts';

describe('opening the browser', () => {
  let folder = '';
  const oldPath = process.env.PATH;

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'eosin-open-'));
  });
  after(async () => {
    process.env.PATH = oldPath;
    await rm(folder, { recursive: true, force: true });
  });

  test('the opener sees a file and no token', { skip: process.platform !== 'linux' && 'needs xdg-open' }, async () => {
    const seen = path.join(folder, 'seen');
    await writeFile(
      path.join(folder, 'xdg-open'),
      `#!/bin/sh\nprintf '%s' "$*" > '${seen}.part' && mv '${seen}.part' '${seen}'\n`,
    );
    await chmod(path.join(folder, 'xdg-open'), 0o755);
    process.env.PATH = `${folder}:${oldPath}`;
    const data = path.join(folder, 'data');
    const address = 'http://127.0.0.1:4000/#token=SECRET&project="x"';
    const forget = await openBrowser(address, data);
    const [name = ''] = await readdir(data);
    const file = path.join(data, name);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.match(
      await readFile(file, 'utf8'),
      /url=http:\/\/127\.0\.0\.1:4000\/#token=SECRET&amp;project=&quot;x&quot;"/,
    );
    let words = '';
    while (words === '') words = await readFile(seen, 'utf8').catch(() => '');
    assert.equal(words, pathToFileURL(file).href);
    assert.doesNotMatch(words, /SECRET/);
    await forget();
    assert.deepEqual(await readdir(data), []);
  });

  test('the file leads a real browser to the app', { skip: withoutChromium }, async () => {
    const root = path.join(folder, 'root');
    await import('node:fs/promises').then(({ mkdir }) => mkdir(root));
    await writeFile(path.join(root, 'index.html'), '<!doctype html><title>Eosin</title><p>here</p>');
    const shell = await serveApp({ fetch: () => new Response(), close: async () => {} }, root, 0);
    const file = path.join(folder, 'open.html');
    await writeFile(file, redirectPage(shell.address), { mode: 0o600 });
    const browser = await chromium.launch({ executablePath: chromiumFile!, args: ['--no-sandbox', '--disable-gpu'] });
    try {
      const page = await browser.newPage();
      await page.goto(pathToFileURL(file).href);
      await page.waitForURL(`${shell.origin}/**`);
      assert.equal(new URL(page.url()).hash, `#token=${shell.token}`);
      assert.equal(await page.textContent('p'), 'here');
      assert.equal(await page.evaluate(() => document.referrer), '');
    } finally {
      await browser.close();
      await shell.close();
    }
  });
});
