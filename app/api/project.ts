/** The open project: create, open, close, and the example that Eosin draws itself. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Hono } from 'hono';
import { z } from 'zod';
import { type ErrorReport, isAbort, reportOf } from '../core/errors.ts';
import type { ProjectView } from '../core/project.ts';
import type { JobEvent } from '../core/run.ts';
import { openExampleProject } from '../example-project.ts';
import type { ApiDeps } from './api-deps.ts';
import { eventStream } from './event-stream.ts';
import { jsonBody } from './validated.ts';

type Progress = Extract<JobEvent, { type: 'progress' }>;
type ExampleEvent =
  | Progress
  | { type: 'done'; project: ProjectView }
  | { type: 'cancelled' }
  | { type: 'failed'; error: ErrorReport };

export function projectRoutes(deps: ApiDeps) {
  const { host, places, workspace } = deps;
  return new Hono()
    .get('/', (c) => c.json(workspace.project().view()))
    .post(
      '/create',
      jsonBody(z.strictObject({ name: z.string().trim().min(1).max(100), folder: z.string().optional() })),
      async (c) => {
        const { name, folder } = c.req.valid('json');
        const parent = folder === undefined ? host.documentsFolder : places.resolve(folder);
        await mkdir(parent, { recursive: true });
        return c.json((await workspace.create(parent, name)).view());
      },
    )
    .post('/open', jsonBody(z.strictObject({ handle: z.string() })), async (c) =>
      c.json((await workspace.open(places.resolve(c.req.valid('json').handle))).view()),
    )
    .post('/close', async (c) => {
      await workspace.close();
      return c.json({});
    })
    .post('/example', () => eventStream(exampleEvents(deps)));
}

/** Draws the example slides while somebody reads; a reader who leaves stops the drawing. */
async function* exampleEvents(deps: ApiDeps): AsyncGenerator<ExampleEvent> {
  const cancel = new AbortController();
  let latest: Progress | null = null;
  let wake = Promise.withResolvers<void>();
  const opening = openExampleProject(
    deps,
    path.join(deps.host.documentsFolder, 'Eosin example'),
    (event) => {
      latest = event;
      wake.resolve();
      wake = Promise.withResolvers();
    },
    AbortSignal.any([cancel.signal, deps.closing]),
  );
  const ended = opening.then(
    (project): ExampleEvent => ({ type: 'done', project: project.view() }),
    (thrown: unknown): ExampleEvent =>
      isAbort(thrown) ? { type: 'cancelled' } : { type: 'failed', error: reportOf(thrown) },
  );
  try {
    for (;;) {
      const next = await Promise.race([ended, wake.promise]);
      if (next) {
        yield next;
        return;
      }
      if (latest) yield latest;
    }
  } finally {
    cancel.abort();
  }
}
