/** L7 on the real app: every route that it has, refused to everyone but its own window, without any effect. */

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type App, createApp } from '../../app/app.ts';
import { type LoopbackServer, serveApp } from '../../main/loopback-server.ts';
import { browserHost } from '../../main/node-host.ts';

describe('the routes of the app', () => {
  let folder = '';
  let app: App;
  let shell: LoopbackServer;
  let port = 0;
  let reached = 0;

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'eosin-routes-'));
    const folders = {
      dataFolder: `${folder}/data`,
      cacheFolder: `${folder}/cache`,
      documentsFolder: `${folder}/documents`,
    };
    await mkdir(folders.documentsFolder);
    app = createApp({ ...browserHost(), ...folders });
    const counted = {
      fetch(request: Request) {
        reached++;
        return app.fetch(request);
      },
      close: () => app.close(),
    };
    shell = await serveApp(counted, folder, 0);
    port = Number(new URL(shell.origin).port);
  });
  after(async () => {
    await shell.close();
    await rm(folder, { recursive: true, force: true });
  });

  const status = (method: string, target: string, headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const body = method === 'GET' ? undefined : '{}';
      const typed = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': '2' };
      const options = {
        host: '127.0.0.1',
        port,
        path: target,
        method,
        agent: false,
        headers: { ...typed, ...headers },
      };
      const request = http.request(options, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      });
      request.on('error', reject);
      request.end(body);
    });

  test('each is refused to a stranger', async () => {
    const unique = new Map(
      app.routes.map(({ method, path: pattern }) => [`${method} ${pattern}`, { method, pattern }]),
    );
    assert.ok(unique.size > 30, `${unique.size} routes`);
    const bearer = { authorization: `Bearer ${shell.token}` };
    const strangers: readonly (readonly [string, Record<string, string>, readonly number[]])[] = [
      ['no token', {}, [401]],
      ['wrong token', { authorization: `Bearer ${'A'.repeat(43)}` }, [401, 429]],
      ['bad Host', { ...bearer, host: 'evil.test' }, [421]],
      ['bad Origin', { ...bearer, origin: 'https://evil.test' }, [403]],
      ['cross-site', { ...bearer, 'sec-fetch-site': 'cross-site' }, [403]],
    ];
    for (const { method, pattern } of unique.values()) {
      assert.match(pattern, /^\/(api(\/|$)|\*)/, `${pattern} is outside /api, where the token is asked for`);
      const target = pattern.replaceAll(/:\w+(\{[^}]*\})?/g, '1').replaceAll('*', 'x');
      for (const [name, headers, expected] of strangers) {
        const answer = await status(
          method === 'ALL' ? 'POST' : method,
          target.startsWith('/api') ? target : '/api/x',
          headers,
        );
        assert.ok(expected.includes(answer), `${method} ${pattern} with ${name}: ${answer}`);
      }
    }
    assert.equal(reached, 0);
    assert.deepEqual(await readdir(`${folder}/documents`), []);
  });

  test('its own window is answered', async () => {
    const own = { authorization: `Bearer ${shell.token}`, origin: shell.origin, 'sec-fetch-site': 'same-origin' };
    assert.equal(await status('GET', '/api/app', own), 200);
    assert.equal(reached, 1);
  });

  test('no page can grant itself a path here', async () => {
    const own = { authorization: `Bearer ${shell.token}`, 'x-eosin-preload': '' };
    assert.ok((await status('POST', '/api/places/grant', own)) >= 400);
  });
});
