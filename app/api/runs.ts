/** Runs: start, watch, cancel. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Hono } from 'hono';
import { z } from 'zod';
import { EosinError } from '../core/errors.ts';
import { patchRuleSchema } from '../core/patch-quality.ts';
import { recipeSchema } from '../core/recipe.ts';
import { divergingAnswers } from '../core/run.ts';
import { startRungChoice } from '../jobs/choose-rung.ts';
import { startRungComparison } from '../jobs/compare-rungs.ts';
import { leastFolds, mostFolds } from '../jobs/cross-validate.ts';
import { resumeTraining, startPrediction, startTraining, trainingChoiceOf } from '../jobs/project-runs.ts';
import { runDepsOf } from '../jobs/run-deps.ts';
import type { ApiDeps } from './api-deps.ts';
import { eventStream } from './event-stream.ts';
import { recipeOf } from './recipe-of.ts';
import { own } from './slide-pixels.ts';
import { jsonBody, query } from './validated.ts';

const startSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('train'),
    recipe: z.union([z.string(), recipeSchema]),
    engine: z.enum(['native-cuda', 'native-cpu', 'webgpu', 'wasm', 'cpu']).nullable().default(null),
    rule: patchRuleSchema.prefault({}),
    folds: z.int().min(leastFolds).max(mostFolds).nullable().default(null),
  }),
  z.strictObject({
    kind: z.literal('predict'),
    modelId: z.string(),
    slideId: z.string(),
    stride: z.number().positive().nullable().default(null),
  }),
  z.strictObject({ kind: z.literal('choose-rung'), trainingId: z.string(), rung: z.string() }),
  z.strictObject({ kind: z.literal('compare-rungs'), trainingId: z.string(), slideId: z.string() }),
]);
const contentTypes: Record<string, string> = {
  '.tif': 'image/tiff',
  '.png': 'image/png',
  '.csv': 'text/csv; charset=utf-8',
  '.geojson': 'application/geo+json',
  '.json': 'application/json',
  '.html': 'text/html; charset=utf-8',
};

export function runRoutes(deps: ApiDeps) {
  const { workspace } = deps;
  const runDeps = runDepsOf(deps);
  return (
    new Hono()
      .get('/', (c) => c.json({ runs: workspace.project().runs.list() }))
      .post('/', jsonBody(startSchema), (c) => {
        const request = c.req.valid('json');
        const project = workspace.project();
        if (request.kind === 'predict') return c.json(startPrediction(project, workspace.runs(), runDeps, request));
        if (request.kind === 'choose-rung') return c.json(startRungChoice(project, workspace.runs(), runDeps, request));
        if (request.kind === 'compare-rungs')
          return c.json(startRungComparison(project, workspace.runs(), runDeps, request));
        const recipe = recipeOf(deps, request.recipe);
        return c.json(
          startTraining(project, workspace.runs(), runDeps, {
            recipe,
            engine: request.engine,
            rule: request.rule,
            folds: request.folds,
          }),
        );
      })
      // What each training run was started with, for the table of runs and to train again with changes.
      .get('/trainings', (c) => {
        const { runs } = workspace.project();
        const ids = runs.list().filter(({ kind }) => kind === 'train');
        return c.json({ trainings: ids.map(({ id }) => ({ id, ...trainingChoiceOf(runs.spec(id)) })) });
      })
      .get('/:id', (c) => c.json(workspace.project().runs.get(c.req.param('id'))))
      .get('/:id/events', query(z.object({ after: z.coerce.number().int().min(0).default(0) })), (c) => {
        const { id } = workspace.project().runs.get(c.req.param('id'));
        return eventStream(workspace.runs().events(id, c.req.valid('query').after));
      })
      .post('/:id/cancel', (c) => {
        const { id } = workspace.project().runs.get(c.req.param('id'));
        return c.json({ cancelled: workspace.runs().cancel(id) });
      })
      .post('/:id/pause', (c) => {
        const { id } = workspace.project().runs.get(c.req.param('id'));
        return c.json({ pausing: workspace.runs().pause(id) });
      })
      .post('/:id/resume', query(z.object({ answer: z.enum(divergingAnswers).optional() })), (c) => {
        const project = workspace.project();
        const { answer } = c.req.valid('query');
        return c.json(resumeTraining(project, workspace.runs(), runDeps, c.req.param('id'), answer));
      })
      .get('/:id/report', async (c) =>
        c.body(await fileOf(c.req.param('id'), 'report.html'), 200, { 'content-type': contentTypes['.html']! }),
      )
      .get('/:id/files/:name', async (c) => {
        const { id, name } = c.req.param();
        const type = contentTypes[path.extname(name)] ?? 'application/octet-stream';
        return c.body(await fileOf(id, name), 200, { 'content-type': type, 'content-disposition': 'attachment' });
      })
  );

  async function fileOf(runId: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
    const project = workspace.project();
    const { id } = project.runs.get(runId);
    const file = path.join(project.folders.runs, id, path.basename(name));
    try {
      return own(await readFile(file));
    } catch (cause) {
      throw new EosinError('run/no-file', 'missing', 'This run has no such file.', {
        remedy: 'Run it to its end first.',
        cause,
      });
    }
  }
}
