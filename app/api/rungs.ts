/** Rungs of training runs: their table, and a slide seen through each of them. */
import { Hono } from 'hono';
import { EosinError } from '../core/errors.ts';
import type { RungOnSlide } from '../core/rung.ts';
import { comparisonOf, rungHeatmapFile } from '../jobs/compare-rungs.ts';
import { findRung, rungRows } from '../jobs/rung-rows.ts';
import { slideAgreement } from '../jobs/slide-agreement.ts';
import { readHeatmapFile } from '../overlay/heatmap-file.ts';
import { summarize } from '../overlay/summary.ts';
import type { ApiDeps } from './api-deps.ts';

export function rungRoutes({ workspace, masks }: ApiDeps) {
  return (
    new Hono()
      .get('/:id/rungs', (c) => c.json({ rungs: rungRows(workspace.project(), c.req.param('id')) }))
      // Of a finished comparison: what each rung said of its slide.
      .get('/:id/rungs-on-slide', async (c) => {
        const project = workspace.project();
        const id = c.req.param('id');
        const comparison = comparisonOf(project, id);
        if (!comparison) throw noComparison();
        const slide = project.slides.get(comparison.slideId);
        const rows = rungRows(project, comparison.trainingId);
        const mask = await masks.get(project.slides.source(slide.id), slide.tissue, c.req.raw.signal);
        const annotations = project.annotations.list(slide.id);
        const rungs: RungOnSlide[] = [];
        for (const rung of comparison.rungs) {
          const map = await readHeatmapFile(rungHeatmapFile(project, comparison, rung) ?? '');
          const agreement = slideAgreement(map, annotations, project.classes.list(), mask);
          rungs.push({
            id: rung,
            name: findRung(rows, rung).name,
            summary: { ...summarize(map, id), rung },
            agreement,
          });
        }
        return c.json({ trainingId: comparison.trainingId, slideId: slide.id, rungs });
      })
  );
}

function noComparison(): EosinError {
  return new EosinError('rung/no-comparison', 'missing', 'This run did not compare rungs on a slide.', {
    remedy: 'Compare the rungs of a training on a slide first.',
  });
}
