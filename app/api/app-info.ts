/** What the app is and whether a project is open. */
import { Hono } from 'hono';
import { z } from 'zod';
import { researchUseOnly } from '../core/research-use.ts';
import { networkMap } from '../weights/network-map.ts';
import type { ApiDeps } from './api-deps.ts';
import { query } from './validated.ts';

export function appRoutes({ host, places, workspace, backbones }: ApiDeps) {
  return (
    new Hono()
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
      .get('/backbones', (c) => c.json({ backbones: backbones.list() }))
      // Its layer groups and what they cost, for the drawing of the network and the estimate.
      .get('/backbones/:name/map', query(z.object({ sizePx: z.coerce.number().int().min(32).max(1024) })), (c) => {
        const { name } = c.req.param();
        return c.json({ map: networkMap(name, c.req.valid('query').sizePx) });
      })
  );
}
