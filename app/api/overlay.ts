/** A prediction over its slide: tiles of the heat map, its legend in numbers, the probabilities under a point. */
import { stat } from 'node:fs/promises';
import { Hono } from 'hono';
import { z } from 'zod';
import { EosinError } from '../core/errors.ts';
import type { RunView } from '../core/project.ts';
import { comparisonOf, rungHeatmapFile } from '../jobs/compare-rungs.ts';
import { heatmapFileOf } from '../jobs/project-runs.ts';
import { type Heatmap, probabilityAt } from '../overlay/heatmap.ts';
import { readHeatmapFile } from '../overlay/heatmap-file.ts';
import { overlayTile } from '../overlay/overlay-tile.ts';
import { summarize } from '../overlay/summary.ts';
import type { ApiDeps } from './api-deps.ts';
import { own } from './slide-pixels.ts';
import { query } from './validated.ts';

const predictionSpec = z.object({
  modelId: z.string(),
  slideId: z.string(),
  stride: z.number().nullable(),
  tissue: z.object({ threshold: z.number().nullable(), penIsTissue: z.boolean() }).optional(),
});
/** Of a comparison of rungs: which rung. */
const rung = z.string().optional();
const tileQuery = z.object({
  rung,
  mode: z.enum(['class', 'probability']).default('class'),
  classIndex: z.coerce.number().int().min(0).default(0),
});

export function overlayRoutes({ workspace }: ApiDeps) {
  const latest = createLatestHeatmaps();
  const heatmapOf = (runId: string, ofRung?: string): Promise<Heatmap> => {
    const project = workspace.project();
    const comparison = ofRung === undefined ? null : comparisonOf(project, runId);
    if (comparison) return latest.read(rungHeatmapFile(project, comparison, ofRung!) ?? '');
    const spec = predictionSpec.safeParse(project.runs.spec(project.runs.get(runId).id));
    if (!spec.success) throw none();
    return latest.read(heatmapFileOf(project, spec.data));
  };
  return new Hono()
    .get('/slides/:id/prediction', query(z.object({ run: z.string().optional() })), async (c) => {
      const run = newestPrediction(workspace.project().runs.list(), c.req.param('id'), c.req.valid('query').run);
      return c.json({ ...summarize(await heatmapOf(run.id), run.id), modelId: run.modelId ?? '' });
    })
    .get('/runs/:id/overlay/:level/:x/:y', query(tileQuery), async (c) => {
      const { id, level, x, y } = c.req.param();
      const { mode, classIndex, rung: ofRung } = c.req.valid('query');
      const at = { level: Number(level), x: Number(x), y: Number(y), mode, classIndex };
      const png = await overlayTile(await heatmapOf(id, ofRung), at);
      return c.body(own(png), 200, { 'content-type': 'image/png', 'cache-control': 'no-store' });
    })
    .get(
      '/runs/:id/probabilities',
      query(z.object({ x: z.coerce.number(), y: z.coerce.number(), rung })),
      async (c) => {
        const { x, y, rung: ofRung } = c.req.valid('query');
        return c.json({ probabilities: probabilityAt(await heatmapOf(c.req.param('id'), ofRung), [x, y]) });
      },
    );
}

function newestPrediction(runs: readonly RunView[], slideId: string, wanted: string | undefined): RunView {
  const own = runs.filter(
    (run) => run.kind === 'predict' && run.slideId === slideId && run.state !== 'failed' && run.state !== 'queued',
  );
  const found = wanted === undefined ? own[0] : own.find(({ id }) => id === wanted);
  if (!found) throw none();
  return found;
}

function none(): EosinError {
  return new EosinError('prediction/none', 'missing', 'This slide has no prediction yet.', {
    remedy: 'Choose a model and predict it.',
  });
}

/** The heat maps read last, until their file grows. */
function createLatestHeatmaps() {
  const kept = new Map<string, { stamp: string; map: Promise<Heatmap> }>();
  return {
    async read(file: string): Promise<Heatmap> {
      const info = await stat(file).catch(() => null);
      if (!info) throw none();
      const stamp = `${info.mtimeMs}:${info.size}`;
      const known = kept.get(file);
      if (known?.stamp === stamp) return known.map;
      const map = readHeatmapFile(file);
      kept.set(file, { stamp, map });
      if (kept.size > 4) kept.delete(kept.keys().next().value!);
      return map;
    },
  };
}
