/** A handler on 127.0.0.1 under the guard's rules; nothing here knows what the handler does. */

import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { EosinError } from '../app/core/errors.ts';
import { createGuard, isApiTarget, type Refusal } from './guard.ts';
import { createSite, securityHeaders } from './static.ts';

/** What is served: the app, or in a test any other handler. */
export interface ServedApp {
  fetch(request: Request): Response | Promise<Response>;
  close(): Promise<void>;
}

export interface LoopbackServer {
  /** What the user opens; the fragment carries the token, which browsers never send. */
  readonly address: string;
  /** The same without the fragment. */
  readonly origin: string;
  readonly token: string;
  /** Stops listening, ends open requests and closes the app. */
  close(): Promise<void>;
}

/** Serves `app` and the files of `root`; port 0 is a free one. Closing the server closes the app. */
export async function serveApp(app: ServedApp, root: string, port: number): Promise<LoopbackServer> {
  const guard = createGuard();
  const site = getRequestListener(createSite(root, app), { overrideGlobalObjects: false });
  let ownPort = port;
  const sockets = createSocketLimit(64);
  const server = createServer({ maxHeaderSize: 16 * 1024, keepAliveTimeout: 30_000 }, (request, response) => {
    const refusal = guard.refuse(
      { method: request.method ?? '', target: request.url ?? '', rawHeaders: request.rawHeaders },
      ownPort,
    );
    if (refusal !== null) return refuse(response, refusal);
    if (isApiTarget(request.url ?? '')) sockets.trust(request.socket);
    return serve(site, request, response);
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 120_000;
  server.on('connection', sockets.add);
  // Without these a request to upgrade would hang, or be answered past the rules.
  server.on('upgrade', (_request, socket) => socket.destroy());
  server.on('connect', (_request, socket) => socket.destroy());
  ownPort = await listen(server, port);
  const origin = `http://127.0.0.1:${ownPort}`;
  return {
    origin,
    token: guard.token,
    address: `${origin}/#token=${guard.token}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await app.close();
    },
  };
}

function serve(site: RequestListener, request: IncomingMessage, response: ServerResponse): void {
  // A reader that leaves in the middle of a stream is no error of ours.
  response.on('error', () => {});
  site(request as Parameters<RequestListener>[0], response as Parameters<RequestListener>[1]);
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  const { status, headers, code, message, remedy } = refusal;
  const error = { code, kind: 'usage', message, remedy, fields: {} };
  response.writeHead(status, {
    ...securityHeaders,
    'content-type': 'application/json',
    // The body of a refused request is not read; without it the next request on this connection would begin in it.
    connection: 'close',
    ...headers,
  });
  response.end(JSON.stringify({ error }));
}

/** 127.0.0.1 and nothing else: the app is not for the network. */
function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new EosinError('shell/port', 'retry', `Port ${port} of this machine cannot be used.`, {
          remedy: 'Choose another port, or 0 for a free one.',
          fields: { port },
          cause,
        }),
      ),
    );
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/**
 * At most `limit` connections. Past that the oldest one that never showed the token makes room, so that somebody who
 * opens connections and says nothing cannot shut the user out.
 */
function createSocketLimit(limit: number): { add(socket: Socket): void; trust(socket: Socket): void } {
  const strangers = new Set<Socket>();
  const trusted = new Set<Socket>();
  return {
    add(socket) {
      strangers.add(socket);
      socket.once('close', () => {
        strangers.delete(socket);
        trusted.delete(socket);
      });
      if (strangers.size + trusted.size <= limit) return;
      for (const oldest of strangers) {
        oldest.destroy();
        break;
      }
    },
    trust(socket) {
      if (strangers.delete(socket)) trusted.add(socket);
    },
  };
}
