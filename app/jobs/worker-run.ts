/**
 * One job worker from its start to its end, as the host sees it.
 *
 *     start -> events, batches ... -> trained | finished        ended resolves
 *                                  -> failed | cancelled | exit  ended rejects
 *
 * A worker may crash; the host may not. A cancel that is not answered in time is a SIGKILL;
 * a pause takes the time that its checkpoint takes.
 */
import { cancelled, EosinError, paused } from '../core/errors.ts';
import type { StartProcess } from '../core/worker-process.ts';
import type { FromWorker, JobSpec, ToWorker, TrainOutcome } from './job-spec.ts';

const cancelDeadlineMs = 2_000;

export interface WorkerRun {
  send(message: ToWorker): void;
  /** The training outcome, or null where the job has none. */
  readonly ended: Promise<TrainOutcome | null>;
}

/** Starts a worker on a frozen spec; `onMessage` gets events and answered batches, and what it throws ends the run. */
export function startWorkerRun(
  startProcess: StartProcess,
  spec: JobSpec,
  onMessage: (
    message: Extract<FromWorker, { type: 'event' | 'batch-done' | 'features' | 'imported' | 'rungs' }>,
  ) => void,
  signal: AbortSignal,
  pause?: AbortSignal,
): WorkerRun {
  if (signal.aborted || pause?.aborted) return { send: () => undefined, ended: Promise.reject(cancelled()) };
  const worker = startProcess('job');
  const send = (message: ToWorker): void => worker.send(message);
  const ended = new Promise<TrainOutcome | null>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      send({ type: 'cancel' });
      timer = setTimeout(() => worker.kill(), cancelDeadlineMs);
    };
    let learns = false;
    // Before the first phase there is nothing to put on disk.
    const stop = (): void => (learns ? send({ type: 'pause' }) : cancel());
    worker.onMessage((raw) => {
      const message = raw as FromWorker;
      if (message.type === 'trained') resolve(message.outcome);
      else if (message.type === 'finished') resolve(null);
      else if (message.type === 'failed') reject(EosinError.fromReport(message.error));
      else if (message.type === 'cancelled') reject(message.waits ? paused() : cancelled());
      else {
        if (message.type === 'event' && message.event.type === 'phase') learns = true;
        try {
          onMessage(message);
        } catch (thrown) {
          // An event that cannot be stored (full disk) must not take the host down with it.
          reject(thrown);
        }
      }
    });
    worker.onExit(({ code, signal: killedBy }) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      pause?.removeEventListener('abort', stop);
      if (signal.aborted || pause?.aborted) reject(cancelled());
      else reject(workerDied(code, killedBy));
    });
    signal.addEventListener('abort', cancel, { once: true });
    pause?.addEventListener('abort', stop, { once: true });
  });
  send({ type: 'start', spec });
  return { send, ended: ended.finally(() => worker.kill()) };
}

function workerDied(code: number | null, killedBy: string | null): EosinError {
  return new EosinError(
    'job/worker-died',
    'retry',
    `The job's process ended unexpectedly (${killedBy ?? `code ${code}`}).`,
    {
      remedy:
        'Labels, split and earlier models are safe. Start the job again; with little memory, close other programs first.',
      fields: { code, signal: killedBy },
    },
  );
}
