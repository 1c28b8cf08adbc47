/** ONNX forward passes through onnxruntime-node: the fast path of prediction, depth probe and activation cache. */
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { EosinError } from '../core/errors.ts';
import type { EngineReport } from '../engine/engine.ts';
import type { ForwardRunner, ForwardRunnerFactory } from '../training/ports.ts';

/** Version of onnxruntime that is loaded. */
export const ortVersion: string = env.versions.node ?? env.versions.common;

/** The one input of the graphs that Eosin exports. */
const inputName = 'pixels';

/** Runs ONNX bytes on the CPU. A run blocks the thread that called it, so it belongs into a worker process. */
export const onnxForward: ForwardRunnerFactory = {
  async create(onnx, threads) {
    const session = await openSession(onnx, threads);
    const sizePx = inputSize(session);
    return runner(session, sizePx);
  },
};

/** Side of the pictures that the graph takes; throws `model/broken` where it takes something else. */
function inputSize(session: InferenceSession): number {
  const input = session.inputMetadata.find(({ name }) => name === inputName);
  // [n, size, size, rgb]
  const [, height, width, channels] = input?.isTensor ? input.shape : [];
  const fits = input?.isTensor && input.type === 'uint8' && session.inputNames.length === 1;
  if (!fits || typeof height !== 'number' || height !== width || channels !== 3) {
    throw new EosinError('model/broken', 'input', 'The ONNX graph does not take uint8 pictures [n, size, size, 3].', {
      remedy: 'Use a model that Eosin saved.',
    });
  }
  return height;
}

async function openSession(onnx: Uint8Array, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(onnx, {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      // One graph without parallel branches: threads inside the operators serve it better than threads between them.
      executionMode: 'sequential',
      ...(threads > 0 ? { intraOpNumThreads: threads } : {}),
      interOpNumThreads: 1,
      enableCpuMemArena: true,
      // Shapes change only with the last batch, so the planned layout of memory is used again and again.
      enableMemPattern: true,
      logSeverityLevel: 3,
      // Threads without work sleep: decode processes need the cores (10-15 % less CPU time a picture, measured).
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
  } catch (cause) {
    throw new EosinError('model/broken', 'input', 'The ONNX graph of the model cannot be loaded.', {
      remedy: 'The file is damaged or from another program: save or copy the model again.',
      fields: { reason: cause instanceof Error ? cause.message.slice(0, 300) : String(cause) },
      cause,
    });
  }
}

function runner(session: InferenceSession, sizePx: number): ForwardRunner {
  const pictureBytes = sizePx * sizePx * 3;
  let closed = false;
  return {
    async run(pixels, count) {
      if (closed) throw new Error('ForwardRunner.run after close');
      if (count < 1 || pixels.length < count * pictureBytes) {
        throw new RangeError(
          `${count} pictures of ${sizePx} px need ${count * pictureBytes} bytes, got ${pixels.length}`,
        );
      }
      // A view, not a copy: [n, size, size, rgb] uint8.
      const input = new Tensor('uint8', pixels.subarray(0, count * pictureBytes), [count, sizePx, sizePx, 3]);
      const outputs = await session.run({ [inputName]: input });
      const named: Record<string, Float32Array> = {};
      for (const name of session.outputNames) named[name] = floats(name, outputs[name]);
      return named;
    },
    async close() {
      if (closed) return;
      closed = true;
      await session.release();
    },
  };
}

function floats(name: string, tensor: Tensor | undefined): Float32Array {
  if (tensor?.type === 'float32') return tensor.data as Float32Array;
  throw new EosinError('model/broken', 'input', `The ONNX graph's output ${name} is no float32.`, {
    remedy: 'Use a model that Eosin saved.',
  });
}

/**
 * How fast this computer runs `onnx` (a classifier that Eosin exported), for the doctor: batches of 16 grey pictures
 * for about `seconds`, after one to warm up. Never throws: an unusable engine says why.
 */
export async function ortReport(onnx: Uint8Array, threads = 0, seconds = 1): Promise<EngineReport> {
  const report = { id: 'onnxruntime', kind: 'inference', gradientError: null, trainPerSecond: null } as const;
  const device = `CPU${threads > 0 ? `, ${threads} threads` : ''}, onnxruntime ${ortVersion}`;
  try {
    const session = await openSession(onnx, threads);
    const sizePx = inputSize(session);
    const forward = runner(session, sizePx);
    try {
      const batch = 16;
      const pixels = new Uint8Array(batch * sizePx * sizePx * 3).fill(128);
      await forward.run(pixels, batch);
      const start = performance.now();
      let images = 0;
      do {
        await forward.run(pixels, batch);
        images += batch;
      } while (performance.now() - start < seconds * 1000);
      return { ...report, usable: true, device, forwardPerSecond: images / ((performance.now() - start) / 1000) };
    } finally {
      await forward.close();
    }
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return { ...report, usable: false, reason, device, forwardPerSecond: null };
  }
}
