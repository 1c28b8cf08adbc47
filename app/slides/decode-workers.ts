/**
 * The line of calls before the decode processes, and what happens when one of those dies.
 *
 *     waiting: urgent ... bulk ...   ->   worker 0: process, slot      a dead process is replaced at once;
 *                                         worker 1: process, slot      its call is tried once more, on a fresh one
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EosinError } from '../core/errors.ts';
import type { StartProcess } from '../core/worker-process.ts';
import type { CallOf, DecodeCall, DecodeKind, DecodeResults } from './decode-messages.ts';
import { type DeathCause, type DecodeProcess, ProcessDied, startDecodeProcess } from './decode-process.ts';
import type { OnStep } from './slide.ts';
import { driveSilent, fileError } from './slide-errors.ts';

export interface DecodeWorkers {
  /**
   * Runs a call when a process is free. `take` gets the result and the slot's path before the slot is used again. An aborted signal
   * takes the call out of the line, or lets go of it when it runs already.
   */
  run<K extends DecodeKind, T>(
    call: CallOf<K>,
    take: (result: DecodeResults[K], slot: string) => Promise<T>,
    options: RunOptions,
  ): Promise<T>;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly deadlineMs: number;
  /** Bulk calls wait until no other call does. */
  readonly bulk?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The signal also ends the process that runs the call, instead of letting it finish for nobody. */
  readonly endsProcess?: boolean | undefined;
  readonly onStep?: OnStep | undefined;
}

/** A call may kill this many processes before it is given up. */
const mostDeaths = 2;

interface Waiting {
  readonly call: DecodeCall;
  readonly options: RunOptions;
  /** Gives the result to the caller; settles when the slot is free again. */
  readonly finish: (result: DecodeResults[DecodeKind], slot: string) => Promise<void>;
  readonly fail: (thrown: unknown) => void;
  abandoned: boolean;
  /** The one that runs it now. */
  process: DecodeProcess | null;
}

interface Worker {
  readonly slot: string;
  process: DecodeProcess | null;
  busy: boolean;
}

export function createDecodeWorkers(
  startProcess: StartProcess,
  count: number,
  memoryLimitBytes?: number,
): DecodeWorkers {
  let folder: Promise<string> | null = null;
  const urgent: Waiting[] = [];
  const bulk: Waiting[] = [];
  const workers: Worker[] = [];
  let closed = false;

  const start = (worker: Worker): DecodeProcess => {
    const process = startDecodeProcess(startProcess, memoryLimitBytes);
    worker.process = process;
    void process.exited.then(({ wasReady }) => {
      if (worker.process !== process) return;
      worker.process = null;
      // One that never came up is tried again by the next call only, else a broken installation would spin.
      if (wasReady && !closed) start(worker);
    });
    return process;
  };

  const serve = async (worker: Worker, item: Waiting): Promise<void> => {
    for (let deaths = 1; ; deaths++) {
      const process = worker.process ?? start(worker);
      item.process = process;
      try {
        const result = await process.run(item.call, worker.slot, item.options.deadlineMs, item.options.onStep);
        item.process = null;
        await item.finish(result, worker.slot);
        return;
      } catch (thrown) {
        if (!(thrown instanceof ProcessDied)) return item.fail(thrown);
        await process.exited;
        const hopeless = ['deadline', 'stuck', 'closed'].includes(thrown.why) || deaths >= mostDeaths;
        if (hopeless || item.abandoned) return item.fail(deathError(thrown.why, item.call));
      }
    }
  };

  const pump = async (): Promise<void> => {
    folder ??= mkdtemp(join(tmpdir(), 'eosin-slots-'));
    let base: string;
    try {
      base = await folder;
    } catch (thrown) {
      folder = null;
      for (const item of [...urgent.splice(0), ...bulk.splice(0)]) item.fail(fileError(thrown, tmpdir()));
      return;
    }
    while (!closed && urgent.length + bulk.length > 0) {
      let worker = workers.find(({ busy }) => !busy);
      if (!worker) {
        if (workers.length >= count) return;
        worker = { slot: join(base, `slot-${workers.length}`), process: null, busy: false };
        workers.push(worker);
      }
      const item = (urgent.shift() ?? bulk.shift())!;
      const taken = worker;
      taken.busy = true;
      void serve(taken, item).finally(() => {
        taken.busy = false;
        void pump();
      });
    }
  };

  return {
    run(call, take, options) {
      const { signal } = options;
      if (closed) return Promise.reject(deathError('closed', call));
      if (signal?.aborted) return Promise.reject(signal.reason);
      return new Promise((resolve, reject) => {
        const line = options.bulk ? bulk : urgent;
        const abandon = (): void => {
          const place = line.indexOf(item);
          if (place >= 0) line.splice(place, 1);
          item.abandoned = true;
          if (options.endsProcess) item.process?.kill();
          reject(signal?.reason);
        };
        const settle = (): void => signal?.removeEventListener('abort', abandon);
        const item: Waiting = {
          call,
          options,
          abandoned: false,
          process: null,
          async finish(result, slot) {
            settle();
            if (item.abandoned) return;
            // The process answers a call with the result of its kind.
            await take(result as DecodeResults[typeof call.kind], slot).then(resolve, reject);
          },
          fail(thrown) {
            settle();
            reject(thrown);
          },
        };
        signal?.addEventListener('abort', abandon, { once: true });
        line.push(item);
        void pump();
      });
    },
    async close() {
      closed = true;
      for (const item of [...urgent.splice(0), ...bulk.splice(0)]) item.fail(deathError('closed', item.call));
      const processes = workers.flatMap(({ process }) => (process ? [process] : []));
      for (const process of processes) process.kill();
      await Promise.all(processes.map(({ exited }) => exited));
      if (folder) await rm(await folder, { recursive: true, force: true });
    },
  };
}

function deathError(why: DeathCause, call: DecodeCall): EosinError {
  const file = 'slide' in call ? call.slide.path : (call.request.pictures[0]?.path ?? '');
  const fields = { file: file.replace(/^.*[\\/]/, ''), call: call.kind };
  const elsewhere = 'Other slides are not affected. Copy the file again from where it came from, or convert it.';
  switch (why) {
    case 'deadline':
      return new EosinError('slide/decode-timeout', 'input', `Reading ${fields.file} took too long and was stopped.`, {
        remedy: elsewhere,
        fields,
      });
    case 'memory':
      return new EosinError('slide/decode-memory', 'input', `Reading ${fields.file} needed too much memory.`, {
        remedy: elsewhere,
        fields,
      });
    case 'crash':
      return new EosinError('slide/decode-crashed', 'input', `Reading ${fields.file} ended two decode processes.`, {
        remedy: elsewhere,
        fields,
      });
    case 'no-start':
      return new EosinError('decode/no-start', 'config', 'The process that reads slides does not start.', {
        remedy: 'Run `eosin doctor`; reinstall Eosin if it finds nothing.',
        fields,
      });
    case 'stuck':
      return driveSilent(fields.file);
    case 'closed':
      return new EosinError('decode/closed', 'cancelled', 'Eosin is closing.', { remedy: 'Open it again.', fields });
  }
}
