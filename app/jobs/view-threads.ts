/** Threads that read patches and make their views while the engine works; the pixels are those that it would make itself. */
import { Worker } from 'node:worker_threads';
import { EosinError } from '../core/errors.ts';
import type { ViewsRequest } from '../training/ports.ts';
import type { PatchStoreRef } from './job-spec.ts';
import type { OpenPatchSource } from './node-ports.ts';
import type { ViewAnswer } from './view-thread-node.ts';

/** A thread makes some three hundred views a second, and the engine has use for the cores as well. */
const mostThreads = 4;

type Pixels = Uint8Array<ArrayBuffer>;

/**
 * `source`, the patches of `store`, with views that threads make: one for every two of the engine's, started at the first
 * request. Its `makeViews` rejects with EosinError `train/view-thread-lost` when a thread is gone, or with what reading threw.
 */
export function withViewThreads(source: OpenPatchSource, store: PatchStoreRef, engineThreads: number): OpenPatchSource {
  const count = Math.min(mostThreads, Math.max(1, engineThreads >> 1));
  const threads: ViewThread[] = [];
  let closed = false;
  return {
    ...source,
    async makeViews(request) {
      if (closed) throw threadLost('it was closed');
      while (threads.length < count) threads.push(startThread(store));
      return await threads.reduce((a, b) => (b.waiting < a.waiting ? b : a)).ask(request);
    },
    async close() {
      closed = true;
      await Promise.all(threads.map((thread) => thread.end()));
      await source.close();
    },
  };
}

interface ViewThread {
  /** Requests without an answer. */
  readonly waiting: number;
  ask(request: ViewsRequest): Promise<Pixels>;
  end(): Promise<void>;
}

function startThread(store: PatchStoreRef): ViewThread {
  const file = new URL(`./view-thread-node.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
  const worker = new Worker(file, { workerData: store });
  const waiting: PromiseWithResolvers<Pixels>[] = []; // answers come in the order of the requests
  let lost: EosinError | null = null;
  const lose = (why: string): void => {
    lost ??= threadLost(why);
    for (const { reject } of waiting.splice(0)) reject(lost);
  };
  worker.on('message', (answer: ViewAnswer) => {
    const { resolve, reject } = waiting.shift()!;
    if (waiting.length === 0) worker.unref(); // an idle thread keeps no process alive
    if ('error' in answer) reject(EosinError.fromReport(answer.error));
    else resolve(answer.pixels);
  });
  worker.on('error', (error) => lose(error instanceof Error ? error.message : String(error)));
  worker.on('exit', (code) => lose(`it ended with code ${code}`));
  return {
    get waiting() {
      return waiting.length;
    },
    async ask(request) {
      if (lost) throw lost;
      const answer = Promise.withResolvers<Pixels>();
      waiting.push(answer);
      worker.ref();
      worker.postMessage(request);
      return await answer.promise;
    },
    async end() {
      await worker.terminate();
    },
  };
}

function threadLost(why: string): EosinError {
  return new EosinError('train/view-thread-lost', 'retry', `A thread that makes views is lost: ${why}.`, {
    remedy: 'Start the run again: it goes on from its last checkpoint.',
    fields: { why },
  });
}
