/** Finished models and their passports. */
import path from 'node:path';
import { Hono } from 'hono';
import { openModelFolder } from '../passports/model-folder.ts';
import type { ApiDeps } from './api-deps.ts';

export function modelRoutes({ workspace }: ApiDeps) {
  return new Hono()
    .get('/', (c) => c.json({ models: workspace.project().models.list() }))
    .get('/:id', async (c) => {
      const project = workspace.project();
      const model = project.models.get(c.req.param('id'));
      const { passport } = await openModelFolder(path.join(project.folders.models, model.id));
      return c.json({ model, passport });
    });
}
