/**
 * The runs that are going on in this host: one works, the others wait in line.
 *
 *     queued -> running -> done | cancelled | failed
 *
 * Events are stored before they are told. Progress is not stored: a reader gets the latest, with the seq of the last
 * stored event, so that `?after=seq` goes on exactly where a broken stream ended.
 */
import { cancelled, type ErrorReport, isAbort, reportOf } from '../core/errors.ts';
import { createQueue } from '../core/queue.ts';
import type { JobEvent, SequencedEvent } from '../core/run.ts';
import type { RunStore } from './run-store.ts';

export type Emit = (event: JobEvent) => void;

export interface LiveRuns {
  /** Puts a stored run in line; what `work` returns is the run's result. */
  start(runId: string, work: (emit: Emit, signal: AbortSignal) => Promise<Record<string, unknown>>): void;
  /** False when the run is not going on. */
  cancel(runId: string): boolean;
  /** Cancels after the next epoch, so that nothing is lost when it goes on; false when the run is not going on. */
  pause(runId: string): boolean;
  /** Stored events after `after`, then what comes, until the run ends. */
  events(runId: string, after: number): AsyncGenerator<SequencedEvent>;
  /** Cancels everything and waits until nothing runs. */
  close(): Promise<void>;
}

interface LiveRun {
  readonly cancel: AbortController;
  /** Ends after the epoch that is going on. */
  pausing: boolean;
  readonly ended: Promise<void>;
  progress: Extract<JobEvent, { type: 'progress' }> | null;
  /** Wakes every reader at each event. */
  wake: PromiseWithResolvers<void>;
}

export function createLiveRuns(store: RunStore): LiveRuns {
  const live = new Map<string, LiveRun>();
  /** Why a run ended whose end could not be stored, most likely on a full disk. */
  const untold = new Map<string, ErrorReport>();
  const line = createQueue(1);

  const tell = (runId: string, run: LiveRun, event: JobEvent): void => {
    if (event.type === 'progress') run.progress = event;
    else store.appendEvent(runId, event);
    // The epoch's checkpoint is on disk before the epoch is told.
    if (event.type === 'epoch' && run.pausing) run.cancel.abort();
    run.wake.resolve();
    run.wake = Promise.withResolvers();
  };

  return {
    start(runId, work) {
      const cancel = new AbortController();
      const run: LiveRun = {
        cancel,
        pausing: false,
        ended: Promise.resolve(),
        progress: null,
        wake: Promise.withResolvers(),
      };
      const emit: Emit = (event) => tell(runId, run, event);
      const ended = line
        .run(async () => {
          store.setState(runId, 'running');
          const result = await work(emit, cancel.signal);
          store.setState(runId, 'done', result);
          emit({ type: 'done', result });
        }, cancel.signal)
        .catch((thrown: unknown) => {
          if (cancel.signal.aborted || isAbort(thrown)) {
            store.setState(runId, 'cancelled', { error: cancelled().toReport() });
            emit({ type: 'cancelled' });
          } else {
            const error = reportOf(thrown);
            store.setState(runId, 'failed', { error });
            emit({ type: 'failed', error });
          }
        })
        // The project takes nothing more: readers are told, and its next opening finds the run lost.
        .catch((thrown: unknown) => untold.set(runId, reportOf(thrown)))
        .finally(() => {
          live.delete(runId);
          run.wake.resolve();
        });
      live.set(runId, Object.assign(run, { ended }));
    },
    cancel(runId) {
      const run = live.get(runId);
      run?.cancel.abort();
      return run !== undefined;
    },
    pause(runId) {
      const run = live.get(runId);
      if (run) run.pausing = true;
      return run !== undefined;
    },
    async *events(runId, after) {
      let seen = after;
      let shown: LiveRun['progress'] = null;
      for (;;) {
        const run = live.get(runId);
        const changed = run?.wake.promise;
        for (const event of store.events(runId, seen)) {
          seen = event.seq;
          yield event;
        }
        if (run?.progress && run.progress !== shown) {
          shown = run.progress;
          yield { seq: seen, at: new Date().toISOString(), ...shown };
        }
        if (!run) {
          const error = untold.get(runId);
          if (error) yield { seq: seen, at: new Date().toISOString(), type: 'failed', error };
          return;
        }
        await changed;
      }
    },
    async close() {
      for (const run of live.values()) run.cancel.abort();
      await Promise.all([...live.values()].map((run) => run.ended));
    },
  };
}
