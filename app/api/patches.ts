/** What a training run would get: the balance of its patches, and pictures of them. */
import { Hono } from 'hono';
import { z } from 'zod';
import { randomFor, shuffled } from '../core/random.ts';
import { recipeSchema } from '../core/recipe.ts';
import { labelledPatches, planProject } from '../jobs/plan-project.ts';
import type { ApiDeps } from './api-deps.ts';
import { recipeOf } from './recipe-of.ts';
import { jsonBody, query } from './validated.ts';

const previewSchema = z.object({
  classId: z.string(),
  recipe: z.string().default('quick'),
  count: z.coerce.number().int().min(1).max(200).default(24),
});

export function patchRoutes(deps: ApiDeps) {
  const { recipes, workspace } = deps;
  return new Hono()
    .post('/patches/plan', jsonBody(z.strictObject({ recipe: z.union([z.string(), recipeSchema]) })), async (c) => {
      const recipe = recipeOf(recipes, c.req.valid('json').recipe);
      const { summary } = await planProject(workspace.project(), deps, recipe, c.req.raw.signal);
      return c.json(summary);
    })
    .get('/patches/preview', query(previewSchema), async (c) => {
      const { classId, recipe: name, count } = c.req.valid('query');
      const recipe = recipeOf(recipes, name);
      const { candidates } = await labelledPatches(workspace.project(), deps, recipe, c.req.raw.signal);
      const own = candidates.filter((candidate) => candidate.classId === classId);
      const shown = shuffled(own, randomFor(recipe.seed, 'preview', classId)).slice(0, count);
      const patches = shown.map(({ slideId, x, y, downsample }) => ({
        slideId,
        x,
        y,
        sizePx: recipe.input.sizePx,
        downsample,
      }));
      return c.json({ patches, total: own.length });
    });
}
