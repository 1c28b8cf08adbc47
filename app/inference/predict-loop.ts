/**
 * Prediction inside the job worker. Decode processes fill the slots of a file, this reads and judges them:
 *
 *     slot file   [ slot 0 | slot 1 | slot 2 | ... ]      slot = batchSize patches [size, size, rgb] uint8
 *     host        fills 0   fills 1   fills 2             message {slot, id, count}
 *     here                  reads 1 | onnx on 0           answer {slot, id, probabilities}: the slot is free again
 *
 * onnxruntime-node blocks this thread while it runs, so the next slot's read is started just before: it proceeds in
 * libuv's threads meanwhile. At most two batches are held in memory.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { cancelled, EosinError } from '../core/errors.ts';
import type { ForwardRunner, ForwardRunnerFactory } from '../training/ports.ts';

/** What a prediction job is given besides its kind. */
export interface PredictInput {
  /** Networks of one size and one set of classes; each batch goes through all of them. */
  readonly onnxFiles: readonly string[];
  /** 0 takes all that there are. */
  readonly threads: number;
  readonly batchSize: number;
  readonly sizePx: number;
  readonly classCount: number;
  /** Slots of `batchSize` patches [sizePx, sizePx, rgb] uint8 in this file. */
  readonly slotFile: string;
}

/** A filled slot. */
export interface PatchBatch {
  readonly slot: number;
  readonly id: number;
  /** Patches in the slot, 1..batchSize. */
  readonly count: number;
}

export interface PredictTools {
  readonly forward: ForwardRunnerFactory;
  /** Called once a batch, in the order of arrival; `probabilities` is [networks, count, classes]. */
  answer(batch: PatchBatch, probabilities: Float32Array): void;
}

export interface PredictLoop {
  batch(batch: PatchBatch): void;
  /** No batch will follow. */
  finish(): void;
  /** Stops after the batch that runs now; what was answered stays answered. */
  cancel(): void;
  /** Resolves when all batches were answered after `finish`; rejects with `job/cancelled` or the failure. */
  readonly ended: Promise<void>;
}

/** Opens model and slot file and judges batches until `finish` or `cancel`. Throws (through `ended`) `model/...`, `predict/short-slot`. */
export function startPredictLoop(input: PredictInput, tools: PredictTools): PredictLoop {
  const waiting: PatchBatch[] = [];
  let finished = false;
  let stopped = false;
  let wake = (): void => {};

  const next = async (): Promise<PatchBatch | null> => {
    while (waiting.length === 0 && !finished && !stopped) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if (stopped) throw cancelled();
    return waiting.shift() ?? null;
  };

  const judge = async (
    runners: readonly ForwardRunner[],
    read: (batch: PatchBatch) => Promise<FilledBatch>,
  ): Promise<void> => {
    let ahead: Promise<FilledBatch> | null = null;
    for (;;) {
      const batch: PatchBatch | null = ahead === null ? await next() : null;
      if (ahead === null && batch === null) return;
      const filled: FilledBatch = await (ahead ?? read(batch!));
      if (stopped) throw cancelled();
      const following = waiting.shift();
      ahead = following === undefined ? null : read(following);
      // A failed read is thrown when its turn comes, not as an unhandled rejection while onnxruntime runs.
      ahead?.catch(() => {});
      const values = input.classCount * filled.batch.count;
      const all = new Float32Array(runners.length * values);
      for (const [n, runner] of runners.entries())
        all.set(await classify(runner, filled, input.classCount), n * values);
      tools.answer(filled.batch, all);
    }
  };

  const loop = async (): Promise<void> => {
    const runners: ForwardRunner[] = [];
    const models = await Promise.all(input.onnxFiles.map(readModel));
    const slots = await open(input.slotFile, 'r');
    try {
      for (const model of models) runners.push(await tools.forward.create(model, input.threads));
      await judge(runners, slotReader(slots, input));
    } finally {
      for (const runner of runners) await runner.close();
      await slots.close();
    }
  };

  return {
    batch(batch) {
      waiting.push(batch);
      wake();
    },
    finish() {
      finished = true;
      wake();
    },
    cancel() {
      stopped = true;
      wake();
    },
    ended: loop(),
  };
}

interface FilledBatch {
  readonly batch: PatchBatch;
  /** [count, size, size, rgb]; valid until the read after the next. */
  readonly pixels: Uint8Array;
}

function slotReader(slots: FileHandle, input: PredictInput): (batch: PatchBatch) => Promise<FilledBatch> {
  const patchBytes = input.sizePx * input.sizePx * 3;
  const slotBytes = patchBytes * input.batchSize;
  const buffers = [new Uint8Array(slotBytes), new Uint8Array(slotBytes)];
  let turn = 0;
  return async (batch) => {
    if (batch.count < 1 || batch.count > input.batchSize) {
      throw new RangeError(`batch ${batch.id} of ${batch.count} patches does not fit a slot of ${input.batchSize}`);
    }
    turn = 1 - turn;
    const pixels = buffers[turn]!.subarray(0, batch.count * patchBytes);
    let done = 0;
    while (done < pixels.length) {
      const { bytesRead } = await slots.read(pixels, done, pixels.length - done, batch.slot * slotBytes + done);
      if (bytesRead === 0) throw shortSlot(batch);
      done += bytesRead;
    }
    return { batch, pixels };
  };
}

async function classify(
  runner: ForwardRunner,
  { batch, pixels }: FilledBatch,
  classCount: number,
): Promise<Float32Array> {
  const outputs = await runner.run(pixels, batch.count);
  const probabilities = outputs.probabilities;
  if (probabilities?.length !== batch.count * classCount) {
    throw new EosinError('model/broken', 'input', 'The ONNX graph does not give one probability a class.', {
      remedy: 'Use a model that Eosin saved.',
      fields: { classes: classCount },
    });
  }
  if (!probabilities.every(Number.isFinite)) {
    throw new EosinError('model/broken', 'input', 'The model gave a probability that is no number.', {
      remedy: 'Its weights are damaged: copy the model again or train it anew.',
    });
  }
  return probabilities;
}

async function readModel(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new EosinError('model/missing', 'missing', 'The model has no model.onnx.', {
      remedy: 'Choose a complete model folder, or train the model again.',
      cause,
    });
  }
}

function shortSlot(batch: PatchBatch): EosinError {
  return new EosinError('predict/short-slot', 'retry', 'The patches of a batch are not all there.', {
    remedy: 'Predict again: it goes on from the last finished row.',
    fields: { slot: batch.slot, batch: batch.id },
  });
}

/** Probabilities as the text in which they cross the process boundary. */
export function encodeProbabilities(probabilities: Float32Array): string {
  return Buffer.from(probabilities.buffer, probabilities.byteOffset, probabilities.byteLength).toString('base64');
}

/** The inverse of `encodeProbabilities`; both ends run on one machine, so byte order is the same. */
export function decodeProbabilities(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % 4 !== 0) throw new RangeError(`${bytes.length} bytes are no float32 values`);
  const values = new Float32Array(bytes.length / 4);
  new Uint8Array(values.buffer).set(bytes);
  return values;
}
