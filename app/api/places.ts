/** Files and folders by handle: the app's own file browser, and the system's dialogs where the host has them. */
import { createHash, timingSafeEqual } from 'node:crypto';
import path from 'node:path';
import { Hono } from 'hono';
import { z } from 'zod';
import { EosinError } from '../core/errors.ts';
import type { ApiDeps } from './api-deps.ts';
import { jsonBody, query } from './validated.ts';

export function placeRoutes({ host, places }: ApiDeps) {
  return (
    new Hono()
      .get('/', query(z.object({ at: z.string().optional() })), async (c) =>
        c.json(await places.list(c.req.valid('query').at ?? null)),
      )
      .post(
        '/dialog',
        jsonBody(z.strictObject({ purpose: z.enum(['slides', 'project', 'folder', 'annotations']) })),
        async (c) => {
          if (!host.dialogs) {
            throw new EosinError('place/no-dialogs', 'config', 'This host has no file dialogs.', {
              remedy: 'Use the file browser of the app.',
            });
          }
          const chosen = await host.dialogs.choose(c.req.valid('json').purpose);
          return c.json({ chosen: chosen.map((file) => ({ handle: places.grant(file), name: path.basename(file) })) });
        },
      )
      // Only the preload script of our own window knows the secret; no page does (see main/preload.cts).
      .post('/grant', jsonBody(z.strictObject({ dropped: z.string().min(1) })), (c) => {
        const given = c.req.header('x-eosin-preload');
        if (!host.preloadSecret || !given || !same(given, host.preloadSecret)) {
          throw new EosinError('place/not-granted', 'missing', 'There is nothing here.', {
            remedy: 'Choose the file in the app.',
          });
        }
        const file = path.resolve(c.req.valid('json').dropped);
        return c.json({ handle: places.grant(file), name: path.basename(file) });
      })
  );
}

function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
