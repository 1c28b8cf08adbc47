/** One decode process as the host holds it: a call at a time, each under a deadline, killed when it is late or too large. */
import { readFile } from 'node:fs/promises';
import { EosinError } from '../core/errors.ts';
import type { StartProcess } from '../core/worker-process.ts';
import type { DecodeCall, DecodeKind, DecodeResults, FromDecode, ToDecode } from './decode-messages.ts';
import type { OnStep } from './slide.ts';

/** Why a process ended under a call. */
export type DeathCause = 'deadline' | 'memory' | 'crash' | 'no-start' | 'closed' | 'stuck';

export class ProcessDied extends Error {
  readonly why: DeathCause;
  constructor(why: DeathCause) {
    super(`a decode process ended: ${why}`);
    this.why = why;
  }
}

export interface DecodeProcess {
  /** Rejects with the call's own EosinError, or with ProcessDied. */
  run(call: DecodeCall, slot: string, deadlineMs: number, onStep?: OnStep): Promise<DecodeResults[DecodeKind]>;
  readonly exited: Promise<{ wasReady: boolean }>;
  kill(): void;
}

const startDeadlineMs = 60_000;
/** A process that waits for a drive that has gone cannot even be killed; it is let go of and ends when the system lets it. */
const killDeadlineMs = 3_000;
const memoryEveryMs = 200;

interface Running {
  readonly id: number;
  resolve(result: DecodeResults[DecodeKind]): void;
  reject(thrown: unknown): void;
  step: OnStep;
}

/** Starts the process; it counts as alive until `exited`. */
export function startDecodeProcess(startProcess: StartProcess, memoryLimitBytes?: number): DecodeProcess {
  const child = startProcess('decode');
  let lastId = 0;
  let running: Running | null = null;
  let killedFor: DeathCause | null = null;
  let isReady = false;
  let alive = true;
  const kill = (why: DeathCause): void => {
    killedFor ??= why;
    child.kill();
    setTimeout(() => {
      if (alive) killedFor = 'stuck';
      end();
    }, killDeadlineMs).unref();
  };
  const ready = Promise.withResolvers<void>();
  const exited = Promise.withResolvers<{ wasReady: boolean }>();
  ready.promise.catch(() => {});

  const end = (): void => {
    if (!alive) return;
    alive = false;
    const died = new ProcessDied(killedFor ?? (isReady ? 'crash' : 'no-start'));
    ready.reject(died);
    running?.reject(died);
    exited.resolve({ wasReady: isReady });
  };
  child.onExit(end);
  child.onMessage((raw) => {
    const message = raw as FromDecode;
    if (message.type === 'ready') {
      isReady = true;
      ready.resolve();
      return;
    }
    if (message.id !== running?.id) return;
    if (message.type === 'step') running.step(message.progress);
    else if (message.type === 'done') running.resolve(message.result);
    else running.reject(EosinError.fromReport(message.error));
  });

  return {
    exited: exited.promise,
    kill: () => kill('closed'),
    async run(call, slot, deadlineMs, onStep) {
      if (!alive) throw new ProcessDied(killedFor ?? 'crash');
      const starting = setTimeout(() => kill('no-start'), startDeadlineMs);
      await ready.promise.finally(() => clearTimeout(starting));
      const { promise, resolve, reject } = Promise.withResolvers<DecodeResults[DecodeKind]>();
      const late = (): void => kill('deadline');
      let deadline = setTimeout(late, deadlineMs);
      const step: OnStep = (progress) => {
        clearTimeout(deadline);
        deadline = setTimeout(late, deadlineMs);
        onStep?.(progress);
      };
      const watching =
        memoryLimitBytes === undefined
          ? null
          : setInterval(async () => {
              if ((await residentBytes(child.pid)) > memoryLimitBytes) kill('memory');
            }, memoryEveryMs);
      running = { id: ++lastId, resolve, reject, step };
      child.send({ type: 'call', id: running.id, call, slot } satisfies ToDecode);
      try {
        return await promise;
      } finally {
        running = null;
        clearTimeout(deadline);
        if (watching) clearInterval(watching);
      }
    },
  };
}

/** Resident memory of a process; 0 where the system does not tell it this way (all but Linux). */
async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}
