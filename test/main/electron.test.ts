/** The real Electron entry under a double of the `electron` module, with a real page in Chromium. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { withoutChromium } from '../browser.ts';
import './electron/register-double.ts';

type Double = typeof import('./electron/electron-double.ts');

/** Of every window: all that a page could misuse is off. */
const pageRights = {
  sandbox: true,
  contextIsolation: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webviewTag: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  navigateOnDragDrop: false,
  spellcheck: false,
};

describe('the Electron host', { skip: withoutChromium }, () => {
  let home = '';
  let told: Double['told'];
  let app: Double['app'];
  const page = () => told.windows[0]!.page!;

  before(async () => {
    home = await mkdtemp(path.join(os.tmpdir(), 'eosin-electron-'));
    Object.assign(process.env, { HOME: home, XDG_DATA_HOME: `${home}/data`, XDG_CACHE_HOME: `${home}/cache` });
    ({ told, app } = await import('./electron/electron-double.ts'));
    await import('../../main/electron.ts');
    while (!told.windows[0]?.isShown) await new Promise((resolve) => setTimeout(resolve, 20));
  });
  after(async () => {
    if (told) {
      told.windows[0]?.close();
      await told.quit.promise;
    }
    await rm(home, { recursive: true, force: true });
  });

  test('the scheme has exactly the privileges it needs', () => {
    assert.deepEqual(told.privileges, [
      {
        scheme: 'app',
        privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
      },
    ]);
    assert.ok(told.order.indexOf('enableSandbox') < told.order.indexOf('protocol.handle'));
  });

  test('a window has no right that a page could use', () => {
    const { preload = '', additionalArguments = [], ...rights } = told.windows[0]!.options.webPreferences;
    assert.deepEqual(rights, pageRights);
    assert.match(preload, /preload\.cjs$/);
    assert.equal(additionalArguments.length, 1);
  });

  test('a hidden window without a preload script looks for a GPU, and goes', async () => {
    const { engines } = await page().evaluate(() => fetch('/api/engines').then((response) => response.json()));
    const webgpu = engines.find(({ id }: { id: string }) => id === 'webgpu');
    // Chromium runs without graphics here: that there is none is what the page itself has found.
    assert.equal(webgpu.usable, false);
    assert.match(webgpu.reason, /WebGPU/);
    const hidden = told.windows.slice(1);
    assert.equal(hidden.length, 1);
    const [{ options, isShown, webContents }] = hidden as [Double['BrowserWindow']['prototype']];
    assert.deepEqual(options.webPreferences, { ...pageRights, backgroundThrottling: false });
    assert.deepEqual([options.show, isShown], [false, false]);
    assert.match(webContents.url, /^app:\/\/app\/trainer\.html#[\w-]{22}$/);
    assert.equal(hidden[0]!.isDestroyed(), true);
  });

  test('the page talks to the app, and it is the Electron one', async () => {
    const info = await page().evaluate(() => fetch('/api/app').then((response) => response.json()));
    assert.equal(info.host, 'electron');
    assert.equal(info.hasDialogs, true);
  });

  test('the policy holds in a real browser', async () => {
    const seen = await page().evaluate(async () => {
      const violations: string[] = [];
      document.addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective));
      // Playwright's own evaluation may do what the page may not; a later task is the page's.
      await new Promise((resolve) => setTimeout(resolve));
      let evaluated = false;
      try {
        // biome-ignore lint/security/noGlobalEval: that it throws is what is tested
        evaluated = eval('true') as boolean;
      } catch {}
      const script = document.createElement('script');
      script.textContent = 'window.inlineRan = true';
      document.head.append(script);
      const image = new Image();
      const failed = new Promise<boolean>((resolve) => {
        image.onerror = () => resolve(true);
        image.onload = () => resolve(false);
      });
      image.src = 'http://127.0.0.1:9/outside.png';
      const imageFailed = await failed;
      const outside = await fetch('http://127.0.0.1:9/').then(
        () => true,
        () => false,
      );
      // The reports come as tasks of their own.
      for (let i = 0; i < 100 && !violations.includes('connect-src'); i++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return { evaluated, inlineRan: 'inlineRan' in window, imageFailed, outside, violations };
    });
    assert.equal(seen.evaluated, false);
    assert.equal(seen.inlineRan, false);
    assert.equal(seen.imageFailed, true);
    assert.equal(seen.outside, false);
    for (const directive of ['script-src-elem', 'img-src', 'connect-src']) {
      assert.ok(seen.violations.includes(directive), `${directive} in ${seen.violations}`);
    }
  });

  test('only the preload script turns a dropped file into a handle', async () => {
    const handle = await page().evaluate(() =>
      (window as unknown as { eosin: { handleOfFile(file: File): Promise<string> } }).eosin.handleOfFile(
        new File(['x'], 'slide.svs'),
      ),
    );
    assert.match(handle, /^[\w-]{16,}$/);
    const names = await page().evaluate(() => Object.keys((window as unknown as { eosin: object }).eosin));
    assert.deepEqual(names, ['handleOfFile']);
    const refused = await page().evaluate(() =>
      fetch('/api/places/grant', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-eosin-preload': 'guess' },
        body: JSON.stringify({ dropped: '/etc/passwd' }),
      }).then((response) => response.status),
    );
    assert.equal(refused, 404);
  });

  test('a file dialog answers with handles, never with paths', async () => {
    told.dialogAnswers.push({ canceled: false, filePaths: ['/secret-folder/a.svs', '/secret-folder/b.svs'] });
    const ask = (purpose: string) =>
      page().evaluate(
        (value) =>
          fetch('/api/places/dialog', {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ purpose: value }),
          }).then((response) => response.text()),
        purpose,
      );
    const answer = await ask('slides');
    assert.equal(JSON.parse(answer).chosen.length, 2);
    assert.doesNotMatch(answer, /secret-folder/);
    const [options] = told.dialogs as { properties: string[] }[];
    assert.deepEqual(options?.properties, ['openFile', 'multiSelections']);
    assert.deepEqual(JSON.parse(await ask('folder')).chosen, []);
  });

  test('another host, another origin and a preflight are refused on the scheme', async () => {
    const status = async (url: string, init: RequestInit = {}) => (await told.fetch(new Request(url, init))).status;
    assert.equal(await status('app://app/api/app'), 200);
    assert.equal(await status('app://evil/api/app'), 404);
    assert.equal(await status('app://app/api/app', { headers: { origin: 'null' } }), 403);
    assert.equal(await status('app://app/api/app', { headers: { origin: 'https://evil.test' } }), 403);
    assert.equal(await status('app://app/api/app', { method: 'OPTIONS' }), 403);
    assert.equal(await status('app://app/..%2f..%2fpackage.json'), 404);
  });

  test('no page leaves, opens a window, or gets a permission', () => {
    const { webContents } = told.windows[0]!;
    assert.deepEqual(webContents.openHandler?.({ url: 'app://app/' }), { action: 'deny' });
    for (const name of ['will-navigate', 'will-frame-navigate', 'will-redirect']) {
      for (const [url, expected] of [
        ['https://evil.test/', 1],
        ['file:///etc/passwd', 1],
        ['app://app.evil.test/', 1],
        ['app://evil/', 1],
        ['app://app/', 0],
      ] as const) {
        let prevented = 0;
        webContents.emit(name, { url, preventDefault: () => prevented++ });
        assert.equal(prevented, expected, `${name} ${url}`);
      }
    }
    let attached = 0;
    webContents.emit('will-attach-webview', { preventDefault: () => attached++ });
    assert.equal(attached, 1);
    const [session] = told.sessions;
    for (const permission of ['geolocation', 'media', 'notifications', 'usb', 'clipboard-read', 'openExternal']) {
      session?.permissionRequest?.(webContents, permission, (granted) => assert.equal(granted, false, permission));
      assert.equal(session?.permissionCheck?.(webContents, permission, 'app://app'), false, permission);
    }
    session?.permissionRequest?.(webContents, 'fullscreen', (granted) => assert.equal(granted, true));
    assert.equal(session?.permissionCheck?.(null, 'fullscreen', 'https://evil.test'), false);
    assert.equal(session?.devicePermission?.(), false);
    assert.equal(session?.spellChecker, false);
  });

  test('every request that is not ours is cancelled', () => {
    const cancelled = (url: string): boolean | undefined => {
      let result: boolean | undefined;
      told.sessions[0]?.beforeRequest?.({ url }, ({ cancel }) => {
        result = cancel;
      });
      return result;
    };
    for (const url of [
      'https://example.org/',
      'http://127.0.0.1/',
      'ws://x/',
      'file:///etc/passwd',
      'app://evil/',
      'app://apple/',
      'data:text/html,x',
    ]) {
      assert.equal(cancelled(url), true, url);
    }
    for (const url of ['app://app/', 'app://app/api/app', 'blob:app://app/1']) assert.equal(cancelled(url), false, url);
  });

  test('a second start brings the window to the front', () => {
    app.emit('second-instance');
    assert.equal(told.windows[0]?.focused, 1);
    assert.equal(told.windows.filter((window) => !window.isDestroyed()).length, 1);
  });
});
