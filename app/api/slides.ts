/** Slides of the open project: add, edit, relink, look after their files, and the table of slides and patients as CSV. */
import { Hono } from 'hono';
import { z } from 'zod';
import type { ErrorReport } from '../core/errors.ts';
import type { SlideView } from '../core/project.ts';
import { withoutNames } from '../core/slide-names.ts';
import { tellWhile } from '../core/tell-while.ts';
import { checkSlide, checkSlides } from '../slides/check-slides.ts';
import { importSlides } from '../slides/import-slides.ts';
import { exportSlidesCsv, importSlidesCsv } from '../slides/patients-csv.ts';
import { relinkSlides } from '../slides/relink-slides.ts';
import type { StepProgress } from '../slides/slide.ts';
import type { SlideSource } from '../slides/slide-source.ts';
import { duplicateSlide } from '../slides/slide-store.ts';
import type { ApiDeps } from './api-deps.ts';
import { eventStream, told } from './event-stream.ts';
import { jsonBody, query } from './validated.ts';

const word = z.string().trim().max(200);
/** Where tissue begins; a threshold of null is the automatic one. */
const tissueSchema = z.strictObject({
  threshold: z.int().min(0).max(255).nullable().optional(),
  penIsTissue: z.boolean().optional(),
});
const editSchema = z.strictObject({
  name: word.min(1).optional(),
  patient: word.optional(),
  stain: word.optional(),
  scanner: word.optional(),
  /** µm per level-0 px, set by hand; null goes back to what the file says. */
  mppUm: z.number().positive().max(100).nullable().optional(),
  tissue: tissueSchema.optional(),
});

const addSchema = z.strictObject({ handles: z.array(z.string()).min(1), patient: word.optional() });

type PrepareEvent = ({ type: 'progress' } & StepProgress) | { type: 'done' };

export function slideRoutes({ pool, places, workspace, closing }: ApiDeps) {
  return (
    new Hono()
      .post('/slides', jsonBody(addSchema), async (c) => {
        const { handles, patient } = c.req.valid('json');
        const project = workspace.project();
        const added: SlideView[] = [];
        const refused: { name: string; error: ErrorReport }[] = [];
        const paths = handles.map(places.resolve);
        for await (const event of importSlides({ slides: project.slides, pool }, paths, { patient }, closing)) {
          if (event.type === 'added' || event.type === 'relinked') added.push(event.slide);
          if (event.type === 'refused') refused.push({ name: event.name, error: event.error });
          if (event.type === 'duplicate')
            refused.push({ name: event.name, error: duplicateSlide(event.as).toReport() });
        }
        return c.json({ added, refused });
      })
      // The same for folders and many files, told as it goes; a reader that leaves ends it, and what was added stays.
      .post('/slides/import', jsonBody(addSchema), (c) => {
        const { handles, patient } = c.req.valid('json');
        const { slides } = workspace.project();
        const stop = new AbortController();
        const signal = AbortSignal.any([stop.signal, closing]);
        return eventStream(
          told(importSlides({ slides, pool }, handles.map(places.resolve), { patient }, signal)),
          stop,
        );
      })
      .post('/slides/relink', jsonBody(z.strictObject({ folder: z.string() })), (c) => {
        const folder = places.resolve(c.req.valid('json').folder);
        const { slides } = workspace.project();
        const stop = new AbortController();
        const signal = AbortSignal.any([stop.signal, closing]);
        return eventStream(told(relinkSlides({ slides, pool }, folder, signal)), stop);
      })
      // Whether each file is still the slide that the project knows; asked when the window gets the focus.
      .post('/slides/check', async (c) => {
        const { slides } = workspace.project();
        return c.json({ slides: await checkSlides({ slides, pool }, closing) });
      })
      // The same for one slide, also where size and time say nothing.
      .post('/slides/:id/check', async (c) => {
        const { slides } = workspace.project();
        return c.json(await checkSlide({ slides, pool }, c.req.param('id'), c.req.raw.signal));
      })
      // What stands in a slide's place, whatever it is.
      .get('/slides/:id/other', async (c) => {
        const info = await pool.describe(workspace.project().slides.resolvePath(c.req.param('id')), c.req.raw.signal);
        return c.json(info);
      })
      // Levels that have to be made: told as it goes; a reader that leaves does not end it, DELETE does.
      .post('/slides/:id/prepare', (c) => {
        const source = workspace.project().slides.source(c.req.param('id'));
        const stop = new AbortController();
        return eventStream(told(prepareEvents(source, stop.signal)), stop);
      })
      .delete('/slides/:id/prepare', async (c) => {
        await pool.stopPreparing(workspace.project().slides.source(c.req.param('id')));
        return c.json({});
      })
      // Properties that a name may stand in are counted only, unless all are asked for.
      .get('/slides/:id', query(z.object({ properties: z.enum(['technical', 'all']).default('technical') })), (c) => {
        const { slides } = workspace.project();
        const id = c.req.param('id');
        const properties = slides.properties(id);
        const shown = c.req.valid('query').properties === 'all' ? { properties, hidden: 0 } : withoutNames(properties);
        c.header('cache-control', 'no-store');
        return c.json({ slide: slides.get(id), ...shown });
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
      .put('/slides.csv', async (c) => c.json(importSlidesCsv(workspace.project().slides, await c.req.text())))
  );

  async function* prepareEvents(source: SlideSource, signal: AbortSignal): AsyncGenerator<PrepareEvent> {
    yield* tellWhile<PrepareEvent, void>((tell) =>
      pool.prepare(source, (progress) => tell({ type: 'progress', ...progress }), signal),
    );
    yield { type: 'done' };
  }
}
