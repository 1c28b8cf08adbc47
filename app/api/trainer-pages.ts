/** What the windows' training pages speak: orders out as a stream, and each page's calls to the process of its own job. */
import { Hono } from 'hono';
import { z } from 'zod';
import type { ApiDeps } from './api-deps.ts';
import { eventStream } from './event-stream.ts';
import { own } from './slide-pixels.ts';
import { query } from './validated.ts';

export function trainerPageRoutes({ pages, closing }: Pick<ApiDeps, 'pages' | 'closing'>) {
  return new Hono()
    .get('/orders', query(z.object({ ticket: z.string().optional() })), (c) => {
      const stop = new AbortController();
      const left = AbortSignal.any([stop.signal, closing]);
      return eventStream(pages.offer(c.req.valid('query').ticket ?? null, left), stop);
    })
    .post('/:job', async (c) => {
      const frame = new Uint8Array(await c.req.arrayBuffer());
      const answer = await pages.call(c.req.param('job'), frame);
      return c.body(own(answer), 200, { 'content-type': 'application/octet-stream' });
    });
}
