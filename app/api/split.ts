/** Which patient trains, validates, tests. */
import { Hono } from 'hono';
import { z } from 'zod';
import type { ApiDeps } from './api-deps.ts';
import { jsonBody } from './validated.ts';

const pinSchema = z.strictObject({ patient: z.string().min(1), part: z.enum(['train', 'validation', 'test']) });

export function splitRoutes({ workspace }: ApiDeps) {
  return new Hono()
    .get('/split', (c) => c.json({ split: workspace.project().split.get() }))
    .put('/split', jsonBody(pinSchema), (c) => {
      const { patient, part } = c.req.valid('json');
      return c.json({ split: workspace.project().split.pin(patient, part) });
    });
}
