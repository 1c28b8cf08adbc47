/**
 * The runs that are going on in this host: one works, the others wait in line.
 *
 *     queued -> running -> done | cancelled | failed       a pause is a cancel that says that the run is to go on
 *
 * Events are stored before they are told. Progress is not stored: a reader gets the latest, with the seq of the last
 * stored event, so that `?after=seq` goes on exactly where a broken stream ended.
 */
import { cancelled, EosinError, type ErrorReport, isAbort, reportOf } from '../core/errors.ts';
import { createQueue } from '../core/queue.ts';
import type { JobEvent, SequencedEvent } from '../core/run.ts';
import type { RunStore } from './run-store.ts';

export type Emit = (event: JobEvent) => void;

/** `pause` is aborted when the run is to stop in a way that it can go on from. */
export type Work = (emit: Emit, signal: AbortSignal, pause: AbortSignal) => Promise<Record<string, unknown>>;

export interface LiveRuns {
  /** Puts a stored run in line; what `work` returns is the run's result. */
  start(runId: string, work: Work): void;
  /** False when the run is not going on. */
  cancel(runId: string): boolean;
  /** Asks the run to stop where it is, so that nothing is lost when it goes on; false when the run is not going on. */
  pause(runId: string): boolean;
  /** Stored events after `after`, then what comes, until the run ends. */
  events(runId: string, after: number): AsyncGenerator<SequencedEvent>;
  /** Cancels everything and waits until nothing runs. */
  close(): Promise<void>;
}

interface LiveRun {
  readonly cancel: AbortController;
  readonly pause: AbortController;
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
    run.wake.resolve();
    run.wake = Promise.withResolvers();
  };

  return {
    start(runId, work) {
      const cancel = new AbortController();
      const pause = new AbortController();
      const run: LiveRun = {
        cancel,
        pause,
        ended: Promise.resolve(),
        progress: null,
        wake: Promise.withResolvers(),
      };
      const emit: Emit = (event) => tell(runId, run, event);
      const ended = line
        .run(
          async () => {
            store.setState(runId, 'running');
            const result = await work(emit, cancel.signal, pause.signal);
            store.setState(runId, 'done', result);
            emit({ type: 'done', result });
          },
          AbortSignal.any([cancel.signal, pause.signal]),
        )
        .catch((thrown: unknown) => {
          if (cancel.signal.aborted || isAbort(thrown)) {
            store.setState(runId, 'cancelled', { error: cancelled().toReport() });
            const goesOn = pause.signal.aborted || (thrown instanceof EosinError && thrown.code === 'job/paused');
            emit({ type: goesOn && !cancel.signal.aborted ? 'paused' : 'cancelled' });
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
      run?.pause.abort();
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
