/** All routes of the app; what a resource answers stands in its own file. */
import { Hono } from 'hono';
import { EosinError } from '../core/errors.ts';
import { annotationRoutes } from './annotations.ts';
import type { ApiDeps } from './api-deps.ts';
import { appRoutes } from './app-info.ts';
import { engineRoutes } from './engines.ts';
import { errorResponse } from './error-response.ts';
import { modelRoutes } from './models.ts';
import { overlayRoutes } from './overlay.ts';
import { patchRoutes } from './patches.ts';
import { placeRoutes } from './places.ts';
import { projectRoutes } from './project.ts';
import { recipeRoutes } from './recipes.ts';
import { rungRoutes } from './rungs.ts';
import { runRoutes } from './runs.ts';
import { slidePixelRoutes } from './slide-pixels.ts';
import { slidePrivacyRoutes } from './slide-privacy.ts';
import { slideRoutes } from './slides.ts';
import { splitRoutes } from './split.ts';
import { trainerPageRoutes } from './trainer-pages.ts';

export function createApi(deps: ApiDeps) {
  const api = new Hono()
    .route('/api', appRoutes(deps))
    .route('/api/places', placeRoutes(deps))
    .route('/api/project', projectRoutes(deps))
    .route('/api', slideRoutes(deps))
    .route('/api/slides', slidePixelRoutes(deps))
    .route('/api/slides', slidePrivacyRoutes(deps))
    .route('/api', annotationRoutes(deps))
    .route('/api', splitRoutes(deps))
    .route('/api', recipeRoutes(deps))
    .route('/api', patchRoutes(deps))
    .route('/api/runs', runRoutes(deps))
    .route('/api/runs', rungRoutes(deps))
    .route('/api', overlayRoutes(deps))
    .route('/api/models', modelRoutes(deps))
    .route('/api/engines', engineRoutes(deps))
    .route('/api/trainer-pages', trainerPageRoutes(deps));
  api.onError((error) => errorResponse(error));
  api.notFound((c) => errorResponse(noRoute(c.req.path)));
  return api;
}

/** The routes as the window's typed client sees them (renderer/state/api.ts). */
export type Api = ReturnType<typeof createApi>;

function noRoute(path: string): EosinError {
  return new EosinError('api/no-route', 'missing', `There is no route ${path}.`, {
    remedy: 'Reload the page, if Eosin was updated meanwhile.',
  });
}
