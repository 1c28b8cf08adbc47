/** Opens the project folder that a command names. */
import path from 'node:path';
import type { App } from '../../app/app.ts';
import type { ProjectView } from '../../app/core/project.ts';
import { call } from './call.ts';

export async function openProjectAt(app: App, folder: string): Promise<ProjectView> {
  return call<ProjectView>(app, 'POST', '/api/project/open', {
    handle: app.services.places.grant(path.resolve(folder)),
  });
}
