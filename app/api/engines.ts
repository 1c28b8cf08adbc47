/** What this computer can train and predict with; measured once, in processes of their own. */
import { Hono } from 'hono';
import { z } from 'zod';
import { jobThreads } from '../jobs/run-deps.ts';
import { type EngineSurvey, surveyEngines } from '../jobs/survey-engines.ts';
import type { ApiDeps } from './api-deps.ts';
import { query } from './validated.ts';

export function engineRoutes({ host, closing }: ApiDeps) {
  let survey: Promise<EngineSurvey> | null = null;
  return new Hono().get('/', query(z.object({ refresh: z.stringbool().default(false) })), async (c) => {
    if (survey === null || c.req.valid('query').refresh) {
      survey = surveyEngines(host.startProcess, jobThreads(), closing);
      survey.catch(() => {
        survey = null;
      });
    }
    return c.json(await survey);
  });
}
