/** Slides of the open project: add, edit, relink, and the table of slides and patients as CSV. */
import path from 'node:path';
import { Hono } from 'hono';
import { z } from 'zod';
import { type ErrorReport, reportOf } from '../core/errors.ts';
import type { SlideView } from '../core/project.ts';
import { exportSlidesCsv, importSlidesCsv } from '../slides/patients-csv.ts';
import type { ApiDeps } from './api-deps.ts';
import { jsonBody } from './validated.ts';

const word = z.string().trim().max(200);
const editSchema = z.strictObject({
  name: word.min(1).optional(),
  patient: word.optional(),
  stain: word.optional(),
  scanner: word.optional(),
  /** µm per level-0 px, set by hand; null goes back to what the file says. */
  mppUm: z.number().positive().max(100).nullable().optional(),
});

export function slideRoutes({ pool, places, workspace }: ApiDeps) {
  return new Hono()
    .post(
      '/slides',
      jsonBody(z.strictObject({ handles: z.array(z.string()).min(1), patient: word.optional() })),
      async (c) => {
        const { handles, patient } = c.req.valid('json');
        const project = workspace.project();
        const added: SlideView[] = [];
        const refused: { name: string; error: ErrorReport }[] = [];
        for (const file of handles.map(places.resolve)) {
          try {
            const info = await pool.describe(file);
            added.push(project.slides.add({ absolutePath: file, info, ...(patient === undefined ? {} : { patient }) }));
          } catch (thrown) {
            refused.push({ name: path.basename(file), error: reportOf(thrown) });
          }
        }
        return c.json({ added, refused });
      },
    )
    .get('/slides/:id', (c) => {
      const { slides } = workspace.project();
      const id = c.req.param('id');
      return c.json({ slide: slides.get(id), properties: slides.properties(id) });
    })
    .patch('/slides/:id', jsonBody(editSchema), (c) => {
      const { mppUm, ...edit } = c.req.valid('json');
      const given = Object.fromEntries(Object.entries(edit).filter(([, value]) => value !== undefined));
      const mpp = mppUm === undefined ? {} : { mpp: mppUm === null ? null : { x: mppUm, y: mppUm } };
      return c.json(workspace.project().slides.update(c.req.param('id'), { ...given, ...mpp }));
    })
    .delete('/slides/:id', (c) => {
      workspace.project().slides.remove(c.req.param('id'));
      return c.json({});
    })
    .post('/slides/:id/relink', jsonBody(z.strictObject({ handle: z.string() })), async (c) => {
      const file = places.resolve(c.req.valid('json').handle);
      const info = await pool.describe(file);
      return c.json(workspace.project().slides.relink(c.req.param('id'), file, info));
    })
    .get('/slides.csv', (c) =>
      c.body(exportSlidesCsv(workspace.project().slides), 200, { 'content-type': 'text/csv; charset=utf-8' }),
    )
    .put('/slides.csv', async (c) => c.json(importSlidesCsv(workspace.project().slides, await c.req.text())));
}
