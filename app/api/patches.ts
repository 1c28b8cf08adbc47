/** What a training run would get: the balance of its patches, what is wrong with some of them, and pictures of them. */
import { Hono } from 'hono';
import { z } from 'zod';
import { isBlurred, isLeftOut, isPenned, patchRuleSchema } from '../core/patch-quality.ts';
import { createEta } from '../core/progress.ts';
import { randomFor, shuffled } from '../core/random.ts';
import { type Recipe, recipeSchema } from '../core/recipe.ts';
import type { JobEvent } from '../core/run.ts';
import { tellWhile } from '../core/tell-while.ts';
import { type Candidate, labelledPatches } from '../jobs/labelled-patches.ts';
import { planProject } from '../jobs/plan-project.ts';
import type { ApiDeps } from './api-deps.ts';
import { eventStream, told } from './event-stream.ts';
import { recipeOf } from './recipe-of.ts';
import { own } from './slide-pixels.ts';
import { jsonBody, query } from './validated.ts';
import { variationSheet } from './variation-sheet.ts';

const recipe = z.union([z.string(), recipeSchema]);
const rule = patchRuleSchema.prefault({});
const variationSchema = z.strictObject({
  recipe,
  rule,
  patches: z.int().min(1).max(12).default(3),
  views: z.int().min(1).max(12).default(6),
});
const previewSchema = z.object({
  classId: z.string(),
  recipe: z.string().default('quick'),
  count: z.coerce.number().int().min(1).max(200).default(24),
  /** Those that are flagged come worst first. */
  show: z.enum(['all', 'pen', 'blurred']).default('all'),
  maxPen: z.coerce.number().optional(),
  minFocus: z.coerce.number().optional(),
});

type Progress = Extract<JobEvent, { type: 'progress' }>;

export function patchRoutes(deps: ApiDeps) {
  const { workspace } = deps;
  return (
    new Hono()
      .post('/patches/plan', jsonBody(z.strictObject({ recipe, rule })), async (c) => {
        const asked = c.req.valid('json');
        const chosen = recipeOf(deps, asked.recipe);
        const look = { rule: asked.rule };
        const { summary } = await planProject(workspace.project(), deps, chosen, c.req.raw.signal, look);
        return c.json(summary);
      })
      .post('/patches/measure', jsonBody(z.strictObject({ recipe })), (c) => {
        const stop = new AbortController();
        const chosen = recipeOf(deps, c.req.valid('json').recipe);
        const events = measured(deps, chosen, AbortSignal.any([stop.signal, deps.closing]));
        return eventStream(told(events), stop);
      })
      // One JPEG: a row a patch, the patch itself and then its views as the network sees them.
      .post('/patches/variations', jsonBody(variationSchema), async (c) => {
        const { recipe: asked, rule: asRule, patches, views } = c.req.valid('json');
        const chosen = recipeOf(deps, asked);
        const { signal } = c.req.raw;
        const project = workspace.project();
        const { candidates } = await labelledPatches(project, deps, chosen, signal, { rule: asRule });
        const kept = candidates.filter((one) => !isLeftOut(one, asRule));
        const shown = oneOfEachClass(shuffled(kept, randomFor(chosen.seed, 'variations')), patches);
        const jpeg = await variationSheet(deps.pool, (id) => project.slides.source(id), shown, chosen, views, signal);
        return c.body(own(jpeg), 200, { 'content-type': 'image/jpeg', 'cache-control': 'no-store' });
      })
      .get('/patches/preview', query(previewSchema), async (c) => {
        const { classId, recipe: name, count, show, ...limits } = c.req.valid('query');
        const chosen = recipeOf(deps, name);
        const { candidates } = await labelledPatches(workspace.project(), deps, chosen, c.req.raw.signal);
        const flagRule = patchRuleSchema.parse(limits);
        const ofClass = candidates.filter((candidate) => candidate.classId === classId);
        const wanted =
          show === 'all'
            ? shuffled(ofClass, randomFor(chosen.seed, 'preview', classId))
            : show === 'pen'
              ? ofClass.filter((one) => isPenned(one, flagRule)).sort((a, b) => b.pen - a.pen)
              : ofClass.filter((one) => isBlurred(one, flagRule)).sort((a, b) => a.focus! - b.focus!);
        const { sizePx } = chosen.input;
        const patches = wanted.slice(0, count).map((one) => ({ ...placeOf(one), sizePx }));
        return c.json({ patches, total: wanted.length });
      })
  );
}

/** The first of each class, then the rest, up to `most`. */
function oneOfEachClass(candidates: readonly Candidate[], most: number): Candidate[] {
  const first = candidates.filter((one, i) => candidates.findIndex(({ classId }) => classId === one.classId) === i);
  return [...new Set([...first, ...candidates])].slice(0, most);
}

function placeOf({ slideId, x, y, downsample, pen, focus }: Candidate) {
  return { slideId, x, y, downsample, pen, focus };
}

/** Measures the focus of every labelled patch that has none yet. */
async function* measured(
  deps: ApiDeps,
  chosen: Recipe,
  signal: AbortSignal,
): AsyncGenerator<Progress | { type: 'done' }> {
  const eta = createEta();
  yield* tellWhile<Progress, unknown>((tell) =>
    labelledPatches(deps.workspace.project(), deps, chosen, signal, {
      rule: patchRuleSchema.parse({}),
      measure: true,
      onMeasured: (done, total) =>
        tell({ type: 'progress', stage: 'Focus', done, total, unit: 'patches', etaSeconds: eta.after(done, total) }),
    }),
  );
  yield { type: 'done' };
}
