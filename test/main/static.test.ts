/** The path rule (E4), as a table and on a real disk: not one byte from outside the folder. */

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { createSite, serveStatic, staticFile, staticName } from '../../main/static.ts';

/** URL path -> name below the root; null is refused. */
const vectors: readonly (readonly [string, string | null])[] = [
  ['/', 'index.html'],
  ['/index.html', 'index.html'],
  ['/assets/app-1a2b.js', 'assets/app-1a2b.js'],
  ['/assets/a%20b.css', 'assets/a b.css'],
  ['/assets/caf%C3%A9.svg', 'assets/café.svg'],
  ['/assets/%252e%252e', 'assets/%2e%2e'],
  ['/.well-known/x', '.well-known/x'],
  ['/a..b/c', 'a..b/c'],
  ['', null],
  ['index.html', null],
  ['//', null],
  ['//etc/passwd', null],
  ['/assets//app.js', null],
  ['/assets/', null],
  ['/..', null],
  ['/../secret.txt', null],
  ['/assets/../../secret.txt', null],
  ['/assets/..', null],
  ['/.', null],
  ['/./index.html', null],
  ['/%2e%2e/secret.txt', null],
  ['/%2E%2E/secret.txt', null],
  ['/.%2e/secret.txt', null],
  ['/..%2fsecret.txt', null],
  ['/..%2F..%2fsecret.txt', null],
  ['/assets%2f..%2f..%2fsecret.txt', null],
  ['/%2fetc/passwd', null],
  ['/..%5csecret.txt', null],
  ['/..\\secret.txt', null],
  ['/assets\\..\\secret.txt', null],
  ['/C:/Windows/win.ini', null],
  ['/c%3a/windows', null],
  ['/index.html::$DATA', null],
  ['/index.html%3A%3A$DATA', null],
  ['/file:/etc/passwd', null],
  ['/index.html%00.js', null],
  ['/%00', null],
  ['/index.html%0a', null],
  ['/a%1fb', null],
  ['/a%7f', null],
  ['/%', null],
  ['/%zz', null],
  ['/%ff', null],
  ['/%c0%ae%c0%ae/secret.txt', null],
  ['/con', null],
  ['/NUL.txt', null],
  ['/assets/com1', null],
  ['/LPT9.js', null],
  ['/aux.h.js', null],
  ['/index.html.', null],
  ['/index.html%20', null],
  ['/assets./app.js', null],
  ['/console.js', 'console.js'],
  ['/nullable.js', 'nullable.js'],
];

describe('static files', () => {
  let base = '';
  let root = '';

  before(async () => {
    base = await mkdtemp(path.join(os.tmpdir(), 'eosin-static-'));
    root = path.join(base, 'root');
    await mkdir(path.join(root, 'assets'), { recursive: true });
    await writeFile(path.join(root, 'index.html'), '<!doctype html>');
    await writeFile(path.join(root, 'assets', 'app-1a2b.js'), 'export {};');
    await writeFile(path.join(base, 'secret.txt'), 'SECRET');
    await mkdir(path.join(base, 'root-sibling'));
    await writeFile(path.join(base, 'root-sibling', 'secret.txt'), 'SECRET');
    await symlink(path.join(base, 'secret.txt'), path.join(root, 'link.txt'));
    await symlink(base, path.join(root, 'linked-folder'));
    await symlink('/etc', path.join(root, 'etc'));
  });
  after(() => rm(base, { recursive: true, force: true }));

  const get = (pathname: string, method = 'GET') =>
    serveStatic(root, new Request(`http://127.0.0.1${pathname}`, { method }));

  for (const [urlPath, name] of vectors) {
    test(`${JSON.stringify(urlPath)} is ${name ?? 'refused'}`, () => assert.equal(staticName(urlPath), name));
  }

  test('no link leads out of the folder', async () => {
    for (const urlPath of [
      '/link.txt',
      '/linked-folder/secret.txt',
      '/linked-folder/root/index.html',
      '/etc/hostname',
    ]) {
      const file = await staticFile(root, urlPath);
      // The third leads out and back in again: what it reaches is ours.
      assert.equal(file, urlPath.endsWith('root/index.html') ? path.join(root, 'index.html') : null, urlPath);
    }
  });

  test('no path at all reaches a file outside', async () => {
    const pieces = fc.constantFrom(
      '..',
      '%2e%2e',
      '%2f',
      '/',
      '\\',
      '%5c',
      'root',
      'secret.txt',
      'link.txt',
      '.',
      ':',
      '%00',
      'assets',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 8 }), async (parts) => {
        const file = await staticFile(root, `/${parts.join('')}`);
        assert.ok(file === null || file.startsWith(root + path.sep), parts.join(''));
      }),
      { numRuns: 400 },
    );
  });

  test('a document carries the policy and every header that closes a door', async () => {
    const response = await get('/');
    assert.equal(response.status, 200);
    assert.equal(await response.text(), '<!doctype html>');
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    const policy = response.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'(;|$)/);
    assert.match(policy, /style-src 'self'(;|$)/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|data:|https?:|\*/);
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(response.headers.get('referrer-policy'), 'no-referrer');
    assert.equal(response.headers.get('cross-origin-opener-policy'), 'same-origin');
    assert.equal(response.headers.get('cross-origin-embedder-policy'), 'require-corp');
    assert.equal(response.headers.get('access-control-allow-origin'), null);
  });

  test('a hashed asset is kept by the browser, a document is not', async () => {
    assert.match((await get('/assets/app-1a2b.js')).headers.get('cache-control') ?? '', /immutable/);
    assert.equal((await get('/')).headers.get('cache-control'), 'no-cache');
  });

  test('what is no file is 404, what is no reading is 405, HEAD has no body', async () => {
    for (const pathname of ['/nothing.js', '/assets', '/link.txt', '/%2e%2e%2fsecret.txt']) {
      const response = await get(pathname);
      assert.equal(response.status, 404, pathname);
      assert.doesNotMatch(await response.text(), /SECRET/);
    }
    assert.equal((await get('/', 'POST')).status, 405);
    assert.equal(await (await get('/', 'HEAD')).text(), '');
  });

  test('the app gets /api and nothing else, and its answers carry the headers too', async () => {
    const seen: string[] = [];
    const site = createSite(root, {
      fetch(request) {
        seen.push(new URL(request.url).pathname);
        return Response.json({ ok: true }, { headers: { 'cache-control': 'private' } });
      },
    });
    for (const pathname of ['/api/info', '/api', '/apifoo', '/', '/%61pi/info', '//api/info', '/assets/../api/x']) {
      const response = await site(new Request(`http://127.0.0.1${pathname}`));
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff', pathname);
    }
    assert.deepEqual(seen, ['/api/info', '/api', '/api/x']);
  });
});
