/**
 * A prediction worker and its slots: patches go in by position, probabilities come out.
 *
 *     slot file = slot 0 | slot 1 | ...      slot = batchSize patches [sizePx, sizePx, rgb] uint8
 *     a slot:  free -> being cut (decode process) -> in the network (worker) -> free
 */
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { createQueue } from '../core/queue.ts';
import type { StartProcess } from '../core/worker-process.ts';
import { writeError } from '../files/write-whole.ts';
import { decodeProbabilities } from '../inference/predict-loop.ts';
import type { SlidePool } from '../slides/slide-pool.ts';
import type { SlideSource } from '../slides/slide-source.ts';
import type { PredictSpec } from './job-spec.ts';
import { startWorkerRun } from './worker-run.ts';

/** Two in the network or read ahead by it, two being cut. */
const slotCount = 4;

export interface BatchWorkerDeps {
  readonly pool: SlidePool;
  readonly startProcess: StartProcess;
  /** A temporary folder is made below it. */
  readonly scratchFolder: string;
}

export interface BatchWorker {
  /** Probabilities [networks, patches, classes] of at most `batchSize` patches, given by their level-0 corners. */
  predict(patches: readonly { readonly x: number; readonly y: number }[]): Promise<Float32Array>;
  /** Ends the worker and removes the slots; what still waits is rejected. */
  close(): Promise<void>;
}

/** Starts the worker; its failure or a cancel rejects every batch under way. */
export async function startBatchWorker(
  deps: BatchWorkerDeps,
  request: Omit<PredictSpec, 'kind' | 'slotFile'> & { readonly slide: SlideSource; readonly downsample: number },
  signal: AbortSignal,
): Promise<BatchWorker> {
  await mkdir(deps.scratchFolder, { recursive: true });
  const scratch = await mkdtemp(path.join(deps.scratchFolder, 'predict-'));
  const slotFile = path.join(scratch, 'slots.raw');
  const { slide, downsample, ...rest } = request;
  const spec: PredictSpec = { kind: 'predict', ...rest, slotFile };
  const patchBytes = spec.sizePx ** 2 * 3;
  try {
    await reserve(slotFile, slotCount * spec.batchSize * patchBytes);
  } catch (cause) {
    await rm(scratch, { recursive: true, force: true });
    throw writeError(slotFile, cause);
  }

  const stop = new AbortController();
  const ending = AbortSignal.any([signal, stop.signal]);
  const answers = new Map<number, (probabilities: Float32Array) => void>();
  const worker = startWorkerRun(
    deps.startProcess,
    spec,
    (message) => {
      if (message.type !== 'batch-done') return;
      answers.get(message.id)?.(decodeProbabilities(message.probabilities));
      answers.delete(message.id);
    },
    ending,
  );
  // Each batch races this, so that a worker that dies takes none of them into an endless wait.
  const lost = worker.ended.then(() => Promise.reject(new Error('the worker ended before its batches')));
  lost.catch(() => undefined);
  const queue = createQueue(slotCount);
  const freeSlots = Array.from({ length: slotCount }, (_, slot) => slot);
  let nextId = 0;

  return {
    predict: (patches) =>
      queue.run(async () => {
        const slot = freeSlots.pop()!;
        try {
          const first = slot * spec.batchSize * patchBytes;
          const placed = patches.map(({ x, y }, i) => ({ x, y, offset: first + i * patchBytes }));
          await deps.pool.cutPatches(
            slide,
            { file: slotFile, sizePx: spec.sizePx, downsample, patches: placed },
            ending,
          );
          const id = nextId++;
          const answer = new Promise<Float32Array>((resolve) => answers.set(id, resolve));
          worker.send({ type: 'batch', slot, id, count: patches.length });
          return await Promise.race([answer, lost]);
        } finally {
          freeSlots.push(slot);
        }
      }, ending),
    async close() {
      stop.abort();
      await worker.ended.catch(() => undefined);
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

async function reserve(slotFile: string, bytes: number): Promise<void> {
  const file = await open(slotFile, 'w', 0o600);
  try {
    await file.truncate(bytes);
  } finally {
    await file.close();
  }
}
