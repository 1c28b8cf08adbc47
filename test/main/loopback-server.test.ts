/** The browser shell's rules (L1-L7) over real sockets: every route refused to everyone but the window that was opened. */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Hono } from 'hono';
import { type LoopbackServer, serveApp } from '../../main/loopback-server.ts';

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

describe('the browser shell', () => {
  let folder = '';
  let shell: LoopbackServer;
  let closed = 0;
  let port = 0;
  const reached: string[] = [];
  let streamEnded: Promise<void>;

  const app = new Hono()
    .get('/api/info', (c) => c.json({ ok: true }))
    .get('/api/slides/:id/tiles/:level/:x/:y', (c) => c.body('tile'))
    .put('/api/slides/:id', async (c) => c.json(await c.req.json()))
    .post('/api/slides', async (c) => c.json({ bytes: (await c.req.text()).length }))
    .post('/api/annotations/import', async (c) => c.json({ bytes: (await c.req.text()).length }))
    .patch('/api/patients/:id', (c) => c.json({}))
    .delete('/api/slides/:id', (c) => c.json({}))
    .get('/api/events', () => {
      let timer: NodeJS.Timeout;
      let ended = (): void => {};
      streamEnded = new Promise((resolve) => {
        ended = resolve;
      });
      return new Response(
        new ReadableStream({
          start(controller) {
            timer = setInterval(() => controller.enqueue(new TextEncoder().encode('{}\n')), 5);
          },
          cancel() {
            clearInterval(timer);
            ended();
          },
        }),
      );
    });

  const call = (
    target: string,
    options: { method?: string; headers?: Record<string, string | string[]>; body?: string | Buffer } = {},
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { method = 'GET', headers = {}, body } = options;
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const request = http.request(
        { host: '127.0.0.1', port, path: target, method, agent: false, headers: { ...length, ...headers } },
        (response) => {
          let text = '';
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
          );
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  const bearer = () => ({ authorization: `Bearer ${shell.token}` });

  /** Writes bytes as they are and reads until the other side closes. */
  const raw = (text: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(answer));
      socket.setTimeout(3000, () => socket.destroy());
    });

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'eosin-shell-'));
    await writeFile(path.join(folder, 'index.html'), '<!doctype html>');
    const counted = {
      fetch: (request: Request) => {
        reached.push(`${request.method} ${new URL(request.url).pathname}`);
        return app.fetch(request);
      },
      close: async () => {
        closed++;
      },
    };
    shell = await serveApp(counted, folder, 0);
    port = Number(new URL(shell.origin).port);
  });
  after(async () => {
    await shell.close();
    assert.equal(closed, 1);
    await rm(folder, { recursive: true, force: true });
  });

  test('the token has 256 bits, stands in the fragment only, and differs from launch to launch', async () => {
    assert.equal(Buffer.from(shell.token, 'base64url').length, 32);
    assert.equal(new URL(shell.address).hash, `#token=${shell.token}`);
    assert.equal(new URL(shell.address).search, '');
    const other = await serveApp({ fetch: app.fetch, close: async () => {} }, folder, 0);
    assert.notEqual(other.token, shell.token);
    await other.close();
  });

  test('it listens on 127.0.0.1 alone', async () => {
    const others = Object.values(os.networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ address, family }) => family === 'IPv4' && address !== '127.0.0.1')
      .map(({ address }) => address);
    for (const address of [...others, '::1', '127.0.0.2']) {
      const outcome = await new Promise<string>((resolve) => {
        const socket = net.connect(port, address, () => resolve('connected'));
        socket.on('error', () => resolve('refused'));
        socket.on('connect', () => socket.destroy());
      });
      assert.equal(outcome, 'refused', address);
    }
  });

  test('every route is refused to everyone else, and nothing is done', async () => {
    const routes = app.routes.map(({ method, path: pattern }) => ({ method, target: pattern.replace(/:\w+/g, '1') }));
    assert.equal(routes.length, 8);
    const strangers: Record<string, [Record<string, string>, number]> = {
      'no token': [{}, 401],
      'empty token': [{ authorization: 'Bearer ' }, 401],
      'another scheme': [{ authorization: `Basic ${shell.token}` }, 401],
      'bad Host': [{ ...bearer(), host: 'evil.test' }, 421],
      'Host without port': [{ ...bearer(), host: '127.0.0.1' }, 421],
      'Host with a dot': [{ ...bearer(), host: `localhost.:${port}` }, 421],
      'bad Origin': [{ ...bearer(), origin: 'https://evil.test' }, 403],
      'null Origin': [{ ...bearer(), origin: 'null' }, 403],
      'Origin of another port': [{ ...bearer(), origin: `http://127.0.0.1:${port + 1}` }, 403],
      'cross-site': [{ ...bearer(), 'sec-fetch-site': 'cross-site' }, 403],
      'same-site': [{ ...bearer(), 'sec-fetch-site': 'same-site' }, 403],
      'cross-site navigation': [
        { ...bearer(), 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
        403,
      ],
    };
    reached.length = 0;
    for (const { method, target } of routes) {
      for (const [name, [headers, status]] of Object.entries(strangers)) {
        const answer = await call(target, { method, headers });
        assert.equal(answer.status, status, `${method} ${target} with ${name}`);
        assert.equal(answer.headers['access-control-allow-origin'], undefined);
        assert.match(JSON.parse(answer.body).error.code, /^shell\//);
      }
    }
    assert.deepEqual(reached, []);
  });

  test('its own window is answered', async () => {
    const own = { ...bearer(), origin: shell.origin, 'sec-fetch-site': 'same-origin' };
    assert.deepEqual(JSON.parse((await call('/api/info', { headers: own })).body), { ok: true });
    const localhost = { ...bearer(), host: `localhost:${port}`, origin: `http://localhost:${port}` };
    assert.equal((await call('/api/info', { headers: localhost })).status, 200);
    const json = { ...own, 'content-type': 'application/json; charset=utf-8' };
    assert.equal((await call('/api/slides/1', { method: 'PUT', headers: json, body: '{"a":1}' })).body, '{"a":1}');
  });

  test('a path written in another way is no way around the token', async () => {
    reached.length = 0;
    const targets = [
      '/x/../api/info',
      '/%2e%2e/api/info',
      '/./api/info',
      '//api/info',
      '/%61pi/info',
      '/x\\..\\api/info',
      '/api',
      '/api?x',
    ];
    for (const target of targets) {
      const { status } = await call(target);
      assert.ok(status === 401 || status === 404, `${target}: ${status}`);
    }
    assert.deepEqual(reached, []);
  });

  test('static files need no token; a link from another site opens the document, a frame or a script does not', async () => {
    assert.equal((await call('/')).status, 200);
    const navigation = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    assert.equal((await call('/', { headers: { ...navigation, 'sec-fetch-dest': 'document' } })).status, 200);
    assert.equal((await call('/', { headers: { ...navigation, 'sec-fetch-dest': 'iframe' } })).status, 403);
    const script = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' };
    assert.equal((await call('/', { headers: script })).status, 403);
  });

  test('preflight, upgrade, CONNECT, TRACE, a foreign target and a doubled or missing Host are refused', async () => {
    reached.length = 0;
    const preflight = { origin: 'https://evil.test', 'access-control-request-method': 'PUT' };
    assert.equal((await call('/api/info', { method: 'OPTIONS', headers: preflight })).status, 403);
    assert.equal((await call('/api/info', { method: 'OPTIONS', headers: bearer() })).status, 403);
    assert.equal((await call('/api/info', { method: 'TRACE', headers: bearer() })).status, 403);
    const auth = `Authorization: Bearer ${shell.token}\r\n`;
    const host = `Host: 127.0.0.1:${port}\r\n`;
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
    assert.doesNotMatch(await raw(`GET /api/info HTTP/1.1\r\n${host}${auth}${upgrade}\r\n`), / (101|200) /);
    assert.doesNotMatch(await raw(`CONNECT evil.test:80 HTTP/1.1\r\n${host}\r\n`), / 200 /);
    const close = 'Connection: close\r\n\r\n';
    assert.match(await raw(`GET http://evil.test/api/info HTTP/1.1\r\n${host}${auth}${close}`), / 400 /);
    assert.match(await raw(`GET /api/info HTTP/1.1\r\n${host}${host}${auth}${close}`), / (400|421) /);
    assert.match(await raw(`GET /api/info HTTP/1.1\r\n${auth}${close}`), / (400|421) /);
    assert.match(await raw(`GET /api/info HTTP/1.0\r\n${auth}${close}`), / (400|421) /);
    assert.deepEqual(reached, []);
  });

  test('a body is JSON or an import, says its length, and stays below its limit', async () => {
    const post = (target: string, type: string | null, body: string | Buffer) =>
      call(target, { method: 'POST', headers: { ...bearer(), ...(type ? { 'content-type': type } : {}) }, body });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', null]) {
      assert.equal((await post('/api/slides', type, '{}')).status, 415, String(type));
    }
    const twoMegabytes = Buffer.alloc(2 * 1024 * 1024, 32);
    assert.equal((await post('/api/slides', 'application/json', Buffer.alloc(1024 * 1024, 32))).status, 200);
    assert.equal((await post('/api/slides', 'application/json', twoMegabytes)).status, 413);
    const imported = await post('/api/annotations/import', 'application/geo+json', twoMegabytes);
    assert.equal(JSON.parse(imported.body).bytes, twoMegabytes.length);
    const chunked = `POST /api/slides HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${shell.token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`;
    assert.match(await raw(chunked), / 411 /);
    assert.equal((await call('/api/info', { headers: { ...bearer(), 'x-long': 'a'.repeat(17 * 1024) } })).status, 431);
  });

  test('a reader that leaves ends the stream', async () => {
    await new Promise<void>((resolve) => {
      const request = http.get({ host: '127.0.0.1', port, path: '/api/events', headers: bearer() }, (response) => {
        response.once('data', () => {
          request.destroy();
          resolve();
        });
      });
      request.on('error', () => {});
    });
    await streamEnded;
  });

  test('connections that say nothing do not shut the user out', async () => {
    const silent = Array.from({ length: 200 }, () => net.connect(port, '127.0.0.1').on('error', () => {}));
    await Promise.all(
      silent.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))),
    );
    assert.equal((await call('/api/info', { headers: bearer() })).status, 200);
    for (const socket of silent) socket.destroy();
  });

  test('wrong tokens are locked out for a minute, the right one is not', async () => {
    const wrong = { authorization: `Bearer ${'x'.repeat(43)}` };
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) statuses.push((await call('/api/info', { headers: wrong })).status);
    assert.deepEqual(statuses.slice(0, 9), Array(9).fill(401));
    assert.deepEqual(statuses.slice(9), [429, 429, 429]);
    assert.equal((await call('/api/info', { headers: bearer() })).status, 200);
  });
});

test('a port that is taken is one clear error', async () => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as net.AddressInfo;
  const app = { fetch: () => new Response(), close: async () => {} };
  await assert.rejects(serveApp(app, os.tmpdir(), port), { code: 'shell/port', kind: 'retry' });
  taken.close();
});
