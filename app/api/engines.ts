/** What this computer can train and predict with, measured once in processes of their own; the native engine made and taken away. */
import { Hono } from 'hono';
import { z } from 'zod';
import { tellWhile } from '../core/tell-while.ts';
import {
  type InstallProgress,
  installedBuilds,
  installNative,
  removeNative,
} from '../engine-install/install-native.ts';
import { nativeSize } from '../engine-install/native-wheels.ts';
import { jobThreads } from '../jobs/run-deps.ts';
import { type EngineSurvey, surveyEngines, tryEngine } from '../jobs/survey-engines.ts';
import type { ApiDeps } from './api-deps.ts';
import { eventStream, told } from './event-stream.ts';
import { jsonBody, query } from './validated.ts';

const installSchema = z.strictObject({
  build: z.enum(['native-cpu', 'native-cuda']),
  /** The handle of a folder with the packages; without it they are fetched, which the user was asked about. */
  from: z.string().optional(),
});

export function engineRoutes({ host, places, closing }: ApiDeps) {
  const { enginesFolder } = host;
  let survey: Promise<EngineSurvey> | null = null;

  async function* install(build: 'native-cpu' | 'native-cuda', from: string | null, signal: AbortSignal) {
    const test = (id: typeof build, folder: string) =>
      tryEngine(host.startProcess, id, jobThreads(), signal, { EOSIN_ENGINES: folder });
    const events = tellWhile((onProgress: (progress: InstallProgress) => void) =>
      installNative({ enginesFolder, build, from, test, onProgress, signal }),
    );
    let next = await events.next();
    for (; !next.done; next = await events.next()) yield { type: 'progress' as const, ...next.value };
    survey = null;
    yield { type: 'done' as const, report: next.value.report };
  }

  return new Hono()
    .get('/', query(z.object({ refresh: z.stringbool().default(false) })), async (c) => {
      if (survey === null || c.req.valid('query').refresh) {
        survey = surveyEngines(host.startProcess, jobThreads(), closing);
        survey.catch(() => {
          survey = null;
        });
      }
      return c.json(await survey);
    })
    .get('/native', (c) => {
      const possible = process.platform === 'linux' && process.arch === 'x64';
      const sizes = { 'native-cpu': nativeSize('native-cpu'), 'native-cuda': nativeSize('native-cuda') };
      return c.json({ possible, installed: installedBuilds(enginesFolder), sizes });
    })
    .post('/native', jsonBody(installSchema), (c) => {
      const { build, from } = c.req.valid('json');
      const stop = new AbortController();
      const signal = AbortSignal.any([stop.signal, closing]);
      const folder = from === undefined ? null : places.resolve(from);
      return eventStream(told(install(build, folder, signal)), stop);
    })
    .delete('/native', async (c) => {
      survey = null;
      return c.json({ removed: await removeNative(enginesFolder) });
    });
}
