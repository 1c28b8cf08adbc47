/** Notices what goes wrong on a GPU by itself: its driver is reset, its memory is full. WebGPU throws in neither case. */
import { EosinError } from '../core/errors.ts';

export interface DeviceWatch {
  /** @throws EosinError the failure, once there was one. */
  check(): void;
  /** Waits for `work`; ends at once with the failure when the GPU fails meanwhile, whether or not `work` ever does. */
  guard<T>(work: Promise<T>): Promise<T>;
  /** From now on the end of the device is meant, and no failure. */
  close(): void;
}

/** After a failed read the reason may still be on its way. */
const graceMs = 500;

/** @param onFailure is told once. */
export function watchDevice(device: GPUDevice, onFailure: (failure: EosinError) => void): DeviceWatch {
  let failure: EosinError | null = null;
  let closed = false;
  const waiting = new Set<(failure: EosinError) => void>();
  const fail = (error: EosinError): void => {
    if (failure !== null || closed) return;
    failure = error;
    for (const reject of waiting) reject(error);
    onFailure(error);
  };
  void device.lost.then(({ message }) => fail(gpuLost(message)));
  device.addEventListener('uncapturederror', (event) => {
    const { error } = event as GPUUncapturedErrorEvent;
    fail(error.constructor.name === 'GPUOutOfMemoryError' ? gpuOutOfMemory(error.message) : gpuError(error.message));
  });
  const check = (): void => {
    if (failure !== null) throw failure;
  };
  return {
    check,
    guard: (work) =>
      new Promise((resolve, reject) => {
        if (failure !== null) reject(failure);
        waiting.add(reject); // not Promise.race: a promise that is raced for long keeps every result
        const leave = (): void => void waiting.delete(reject);
        work.then(
          (value) => {
            leave();
            if (failure === null) resolve(value);
            else reject(failure);
          },
          (cause: unknown) => {
            // The read of a lost device fails with an AbortError, which would pass for a person's cancel.
            setTimeout(() => {
              leave();
              reject(failure ?? gpuLost(cause instanceof Error ? cause.message : String(cause)));
            }, graceMs);
          },
        );
      }),
    close() {
      closed = true;
    },
  };
}

function gpuLost(reason: string): EosinError {
  return new EosinError('engine/gpu-lost', 'retry', 'The connection to the GPU was lost.', {
    remedy:
      'Resume the run: it goes on from its last whole epoch. If it happens again, close other programs that use the GPU, take a smaller batch, or choose another engine.',
    fields: { engine: 'webgpu', reason },
  });
}

/** @param reason as the GPU's driver or a limit says it. */
export function gpuOutOfMemory(reason: string): EosinError {
  return new EosinError('engine/out-of-memory', 'config', "The GPU's memory is not enough for this step.", {
    remedy: 'Let fewer layers learn, take a smaller batch (--set batchSize=8), or choose another engine.',
    fields: { engine: 'webgpu', reason },
  });
}

function gpuError(reason: string): EosinError {
  return new EosinError('engine/gpu-error', 'internal', `The GPU refused a step: ${firstLine(reason)}.`, {
    remedy: 'Choose another engine for this run, and report this one.',
    fields: { engine: 'webgpu', reason },
  });
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]!.replace(/\.$/, '');
}
