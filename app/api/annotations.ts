/** Regions and classes. An edit is answered only after it is on disk. */
import path from 'node:path';
import { Hono } from 'hono';
import { type ZodType, z } from 'zod';
import { importAnnotations } from '../annotations/import-annotations.ts';
import { exportQupathGeoJson } from '../annotations/qupath-geojson.ts';
import { tissueWarnings } from '../annotations/tissue-warnings.ts';
import type { ChangeSet, RegionClass } from '../core/annotation.ts';
import { readInput } from '../files/read-input.ts';
import type { ApiDeps } from './api-deps.ts';
import { jsonBody } from './validated.ts';

const point = z.tuple([z.number(), z.number()]);
const editSchema = z.strictObject({
  id: z.uuid(),
  classId: z.string().nullable(),
  geometry: z.array(z.array(z.array(point))),
});
const changeSchema: ZodType<ChangeSet, ChangeSet> = z.strictObject({
  created: z.array(editSchema),
  updated: z.array(z.strictObject({ before: editSchema, after: editSchema })),
  deleted: z.array(editSchema),
});
const classSchema: ZodType<RegionClass, RegionClass> = z.strictObject({
  id: z.string().min(1).max(100),
  name: z.string().trim().min(1).max(100),
  role: z.enum(['class', 'ignore']),
  colour: z.string().regex(/^#[0-9a-f]{6}$/i),
  pattern: z.enum(['solid', 'diagonal', 'dots', 'cross', 'horizontal', 'vertical', 'back-diagonal', 'grid']),
  letter: z.string().min(1).max(2),
  key: z.int().min(1).max(9).nullable(),
});

export function annotationRoutes({ host, places, masks, workspace }: ApiDeps) {
  return new Hono()
    .put('/classes', jsonBody(z.strictObject({ classes: z.array(classSchema).max(100) })), (c) =>
      c.json({ classes: workspace.project().classes.save(c.req.valid('json').classes) }),
    )
    .get('/slides/:id/annotations', (c) => {
      const project = workspace.project();
      const { id, tissue } = project.slides.get(c.req.param('id'));
      // The mask is wanted soon, for warnings; nobody waits for it here.
      masks.get(project.slides.source(id), tissue).catch(() => undefined);
      return c.json({ annotations: project.annotations.list(id) });
    })
    .post('/slides/:id/annotations', jsonBody(z.strictObject({ change: changeSchema })), (c) => {
      const project = workspace.project();
      const { id, info, tissue } = project.slides.get(c.req.param('id'));
      const { annotations } = project.annotations.apply(id, c.req.valid('json').change, {
        author: host.user,
        slideSize: info,
      });
      const mask = masks.peek(project.slides.resolvePath(id), tissue);
      return c.json({ annotations, warnings: mask ? tissueWarnings(annotations, mask) : [] });
    })
    .get('/annotations/:id/history', (c) =>
      c.json({ history: workspace.project().annotations.history(c.req.param('id')) }),
    )
    .get('/slides/:id/annotations.geojson', (c) => {
      const project = workspace.project();
      const text = exportQupathGeoJson(project.annotations.list(c.req.param('id')), project.classes.list());
      return c.body(text, 200, { 'content-type': 'application/geo+json' });
    })
    .post('/slides/:id/annotations/import', async (c) => {
      const project = workspace.project();
      const { id, info, tissue: choice } = project.slides.get(c.req.param('id'));
      const { bytes, fileName } = await importedFile(c.req.raw);
      // Without the slide's pixels there is no warning; the regions are taken all the same.
      const tissue = await masks.get(project.slides.source(id), choice).catch(() => undefined);
      return c.json(importAnnotations(project, id, bytes, { author: host.user, slideSize: info, fileName, tissue }));
    });

  /** `{handle}` of a file on this computer, or GeoJSON itself as the body. */
  async function importedFile(request: Request): Promise<{ bytes: Uint8Array; fileName: string }> {
    const body = new Uint8Array(await request.arrayBuffer());
    const handle = handleIn(body);
    if (handle === null) return { bytes: body, fileName: 'dropped.geojson' };
    const file = places.resolve(handle);
    return { bytes: await readInput(file), fileName: path.basename(file) };
  }
}

function handleIn(body: Uint8Array): string | null {
  if (body.length > 1000) return null;
  try {
    const parsed = z.strictObject({ handle: z.string() }).safeParse(JSON.parse(new TextDecoder().decode(body)));
    return parsed.success ? parsed.data.handle : null;
  } catch {
    return null;
  }
}
