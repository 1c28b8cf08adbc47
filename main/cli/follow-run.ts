/** Watches a run of the open project to its end; Ctrl-C cancels it. */
import type { App } from '../../app/app.ts';
import { cancelled, EosinError, paused } from '../../app/core/errors.ts';
import type { RunView } from '../../app/core/project.ts';
import type { DivergingAnswer, JobEvent, SequencedEvent } from '../../app/core/run.ts';
import { call, callStream } from './call.ts';

/** Puts a run in line. */
export async function createRun(app: App, start: Record<string, unknown>): Promise<RunView> {
  return await call<RunView>(app, 'POST', '/api/runs', start);
}

/** Starts a run and watches it; as `followRun`. */
export async function startRun(
  app: App,
  start: Record<string, unknown>,
  onEvent: (event: JobEvent) => void,
  signal: AbortSignal,
): Promise<{ runId: string; result: Record<string, unknown> }> {
  signal.throwIfAborted();
  const { id } = await createRun(app, start);
  return followRun(app, id, 0, onEvent, signal);
}

/** Lets a paused, cancelled or failed training run go on and watches it from there. */
export async function resumeRun(
  app: App,
  runId: string,
  onEvent: (event: JobEvent) => void,
  signal: AbortSignal,
  answer: DivergingAnswer | null = null,
): Promise<{ runId: string; result: Record<string, unknown> }> {
  signal.throwIfAborted();
  const told = app.services.workspace.project().runs.events(runId).at(-1)?.seq ?? 0;
  const asked = answer === null ? '' : `?answer=${answer}`;
  const run = await call<RunView>(app, 'POST', `/api/runs/${encodeURIComponent(runId)}/resume${asked}`);
  return followRun(app, run.id, told, onEvent, signal);
}

/** Resolves to what the run's `done` gave; throws what it failed with, `job/paused` where it waits. `onEvent` sees every event after `told`. */
export async function followRun(
  app: App,
  runId: string,
  told: number,
  onEvent: (event: JobEvent) => void,
  signal: AbortSignal,
): Promise<{ runId: string; result: Record<string, unknown> }> {
  const cancel = (): void => void app.services.workspace.runs().cancel(runId);
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    for await (const event of callStream<SequencedEvent>(app, 'GET', `/api/runs/${runId}/events?after=${told}`)) {
      onEvent(event);
      if (event.type === 'done') return { runId, result: event.result };
      if (event.type === 'cancelled') throw cancelled();
      if (event.type === 'paused') throw paused();
      if (event.type === 'failed') throw EosinError.fromReport(event.error);
    }
  } finally {
    signal.removeEventListener('abort', cancel);
  }
  throw new EosinError('run/no-end', 'internal', 'The run ended without a result.', { remedy: 'Start it again.' });
}
