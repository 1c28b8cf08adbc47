/** Entry file: gradient kernels on several threads of a Node process, on one shared heap. */
import { Worker } from 'node:worker_threads';
import { EosinError } from '../../core/errors.ts';
import { compileGradientModule, type GradientBinaries, gradientModule, type WasmMemory } from './gradient-module.ts';
import { createClaims, DONE, FAILED, type Kernels, openRound, runPieces } from './kernel-claims.ts';
import type { KernelTeam } from './kernel-team.ts';
import type { KernelThreadData } from './kernel-thread-node.ts';

/** Twice as long without an answer and a thread counts as lost; a piece takes milliseconds. */
const deadlineMs = 30_000;
const startDeadlineMs = 30_000;

/**
 * Starts `threads` - 1 threads beside the calling one.
 *
 * @param memory the backend's heap, shared.
 * @throws EosinError `engine/thread-lost` when one does not start.
 */
export async function openKernelTeam(
  binaries: GradientBinaries,
  memory: WasmMemory,
  threads: number,
): Promise<KernelTeam> {
  const claims = createClaims();
  const module = await compileGradientModule(binaries, memory);
  const own = await gradientModule(module, memory);
  const names = Object.keys(own);
  let lost: string | null = null;
  let closing = false;
  const lose = (why: string): void => {
    if (!closing) lost ??= why;
  };
  const data: KernelThreadData = { claims, module, memory, names };
  const file = new URL(`./kernel-thread-node.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
  const workers = Array.from({ length: threads - 1 }, () => new Worker(file, { workerData: data }));
  const close = async (): Promise<void> => {
    closing = true;
    await Promise.all(workers.map((worker) => worker.terminate()));
  };
  for (const worker of workers) {
    worker.on('error', (error) => lose(error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => lose(`it ended with code ${code}`));
  }
  try {
    await Promise.all(workers.map(started));
  } catch (error) {
    const why = lost ?? (error instanceof Error ? error.message : String(error));
    await close();
    throw threadLost(why, error);
  }
  for (const worker of workers) worker.unref();

  return {
    run(kernel, calls) {
      if (lost !== null) throw threadLost(lost);
      if (calls.length === 1) {
        (own[kernel] as (...args: number[]) => void)(...calls[0]!);
        return;
      }
      openRound(claims, names.indexOf(kernel), calls);
      runPieces(claims, own as unknown as Kernels, names);
      const why = waitForAll(claims.words, calls.length);
      if (why === null) return;
      lose(why);
      throw threadLost(why);
    },
    close,
  };
}

/** Null when all pieces are done, otherwise what went wrong. Two deadlines, because a stopped process sees the first run out. */
function waitForAll(words: Int32Array<SharedArrayBuffer>, pieces: number): string | null {
  let late = 0;
  for (let done = Atomics.load(words, DONE); done < pieces; done = Atomics.load(words, DONE)) {
    if (Atomics.wait(words, DONE, done, deadlineMs) === 'timed-out' && ++late === 2) {
      return `it did not answer within ${(2 * deadlineMs) / 1000} s`;
    }
  }
  return Atomics.load(words, FAILED) === 0 ? null : 'a kernel trapped';
}

function started(worker: Worker): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = (): void => reject(new Error(`it did not start within ${startDeadlineMs / 1000} s`));
  const timer = setTimeout(late, startDeadlineMs);
  worker.once('message', () => resolve());
  worker.once('error', reject);
  worker.once('exit', (code) => reject(new Error(`it ended with code ${code}`)));
  return promise.finally(() => clearTimeout(timer));
}

function threadLost(why: string, cause?: unknown): EosinError {
  return new EosinError('engine/thread-lost', 'internal', `A thread of the wasm engine is lost: ${why}.`, {
    remedy: 'Start the run again: it goes on from its last checkpoint. With one thread (--threads 1) none can be lost.',
    fields: { why },
    ...(cause === undefined ? {} : { cause }),
  });
}
