/** The installed app itself, where the Electron binary is: real origin, real sandbox, real preload. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { build } from '../../scripts/build.ts';
import { electronBinary } from '../../scripts/electron-binary.ts';
import { root } from '../../scripts/root.ts';

const binary = electronBinary();

if (binary === null) {
  console.log('not verified: app:// origin, sandbox and preload in Electron itself: its binary is not installed here');
} else {
  describe('Electron itself', () => {
    let home = '';
    let app: ElectronApplication;
    let page: Page;

    before(async () => {
      await build({ emit: true });
      home = await mkdtemp(path.join(os.tmpdir(), 'eosin-electron-binary-'));
      app = await _electron.launch({
        executablePath: binary,
        args: ['.', '--no-sandbox', `--user-data-dir=${home}/user`],
        cwd: root,
        env: {
          ...(process.env as Record<string, string>),
          HOME: home,
          XDG_DATA_HOME: `${home}/data`,
          XDG_CACHE_HOME: `${home}/cache`,
        },
      });
      page = await app.firstWindow();
    });
    after(async () => {
      await app?.close();
      await rm(home, { recursive: true, force: true });
    });

    test('the page is at its own origin and has nothing of Node', async () => {
      assert.equal(new URL(page.url()).href.split('#')[0], 'app://app/');
      const seen = await page.evaluate(() => ({
        origin: location.origin,
        secure: isSecureContext,
        globals: ['require', 'process', 'Buffer', 'module'].filter((name) => name in globalThis),
        bridge: Object.keys((window as unknown as { eosin: object }).eosin),
      }));
      assert.deepEqual(seen, { origin: 'app://app', secure: true, globals: [], bridge: ['handleOfFile'] });
    });

    test('the page talks to the app', async () => {
      const info = await page.evaluate(() => fetch('/api/app').then((response) => response.json()));
      assert.equal(info.host, 'electron');
    });

    test('a sandboxed frame cannot read the app', async () => {
      const outcome = await page.evaluate(async () => {
        const frame = document.createElement('iframe');
        frame.setAttribute('sandbox', 'allow-scripts');
        document.body.append(frame);
        const answered = await fetch('app://evil/api/app').then(
          (response) => response.ok,
          () => false,
        );
        frame.remove();
        return answered;
      });
      assert.equal(outcome, false);
    });

    test('nothing outside is reached and no window opens', async () => {
      const outside = await page.evaluate(() =>
        fetch('https://example.org/').then(
          () => true,
          () => false,
        ),
      );
      assert.equal(outside, false);
      await page.evaluate(() => void window.open('https://example.org/'));
      assert.equal(app.windows().length, 1);
    });
  });
}
