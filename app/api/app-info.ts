/** What the app is and whether a project is open. */
import { Hono } from 'hono';
import { researchUseOnly } from '../core/research-use.ts';
import type { ApiDeps } from './api-deps.ts';

export function appRoutes({ host, places, workspace, backbones }: ApiDeps) {
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
    .get('/backbones', (c) => c.json({ backbones: backbones.list() }));
}
