/** What the app is and whether a project is open. */
import { Hono } from 'hono';
import { researchUseOnly } from '../core/research-use.ts';
import { withBackbone } from '../weights/chosen-backbone.ts';
import type { ApiDeps } from './api-deps.ts';

export function appRoutes({ host, places, workspace, recipes, backbones }: ApiDeps) {
  return new Hono()
    .get('/app', (c) =>
      c.json({
        version: host.appVersion,
        host: host.kind,
        hasDialogs: host.dialogs !== null,
        researchUseOnly,
        recents: workspace
          .recents()
          .map(({ name, folder, openedAt }) => ({ handle: places.grant(folder), name, openedAt })),
        projectOpen: workspace.isOpen,
      }),
    )
    .get('/recipes', (c) => c.json({ recipes: recipes.map((recipe) => withBackbone(recipe, backbones)) }))
    .get('/backbones', (c) => c.json({ backbones: backbones.list() }));
}
