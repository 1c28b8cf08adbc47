/** What of a slide may name a person: pictures beside it, shown when asked for, and a copy without any of it. */
import path from 'node:path';
import { Hono } from 'hono';
import { z } from 'zod';
import { tellWhile } from '../core/tell-while.ts';
import type { CopyReport } from '../slides/deidentify/copy-slide.ts';
import { type CopyOrder, saveCopyWithoutNames } from '../slides/deidentify/save-copy.ts';
import type { StepProgress } from '../slides/slide.ts';
import type { ApiDeps } from './api-deps.ts';
import { eventStream, told } from './event-stream.ts';
import { own } from './slide-pixels.ts';
import { jsonBody } from './validated.ts';

/** A name in the folder that was chosen, and no way out of it. */
const fileName = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(
    /^[^./\\:*?"<>|\p{Cc}][^/\\:*?"<>|\p{Cc}]*$/u,
    'a name without / \\ : * ? " < > | and not beginning with a dot',
  );

type CopyEvent = ({ type: 'progress' } & StepProgress) | { type: 'done'; report: CopyReport };

export function slidePrivacyRoutes({ pool, places, workspace, host, closing }: ApiDeps) {
  return new Hono()
    .get('/:id/associated/:name', async (c) => {
      const { id, name } = c.req.param();
      const jpeg = await pool.associated(workspace.project().slides.source(id), name, c.req.raw.signal);
      // A label is shown once, to whoever asked: it stays in no cache.
      return c.body(own(jpeg), 200, { 'content-type': 'image/jpeg', 'cache-control': 'no-store' });
    })
    .post('/:id/copy', jsonBody(z.strictObject({ folder: z.string(), name: fileName })), (c) => {
      const { folder, name } = c.req.valid('json');
      const slide = workspace.project().slides.source(c.req.param('id'));
      const stop = new AbortController();
      const signal = AbortSignal.any([stop.signal, closing]);
      const order = { slide, out: path.join(places.resolve(folder), name), user: host.user };
      return eventStream(told(copyEvents(order, signal)), stop);
    });

  async function* copyEvents(order: CopyOrder, signal: AbortSignal): AsyncGenerator<CopyEvent> {
    const report = yield* tellWhile<CopyEvent, CopyReport>((tell) =>
      saveCopyWithoutNames(pool, order, (progress) => tell({ type: 'progress', ...progress }), signal),
    );
    yield { type: 'done', report };
  }
}
