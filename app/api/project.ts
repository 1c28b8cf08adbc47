/** The open project: create, open, close, and the example that Eosin draws itself. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Hono } from 'hono';
import { z } from 'zod';
import type { ProjectView } from '../core/project.ts';
import type { JobEvent } from '../core/run.ts';
import { tellWhile } from '../core/tell-while.ts';
import { openExampleProject } from '../example-project.ts';
import type { Project } from '../project.ts';
import type { ApiDeps } from './api-deps.ts';
import { eventStream, told } from './event-stream.ts';
import { jsonBody } from './validated.ts';

type Progress = Extract<JobEvent, { type: 'progress' }>;
type ExampleEvent = Progress | { type: 'done'; project: ProjectView };

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
    .post('/example', () => {
      const stop = new AbortController();
      return eventStream(told(exampleEvents(deps, AbortSignal.any([stop.signal, deps.closing]))), stop);
    });
}

/** Draws the example slides while somebody reads; a reader who leaves stops the drawing. */
async function* exampleEvents(deps: ApiDeps, signal: AbortSignal): AsyncGenerator<ExampleEvent> {
  const folder = path.join(deps.host.documentsFolder, 'Eosin example');
  const project = yield* tellWhile<Progress, Project>((tell) => openExampleProject(deps, folder, tell, signal));
  yield { type: 'done', project: project.view() };
}
