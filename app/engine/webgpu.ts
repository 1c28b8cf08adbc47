/**
 * The WebGPU engine: any GPU, through TensorFlow.js' own backend. Runs in a page of Chromium and, over Dawn, in Node; whoever
 * opens it brings the packages and `navigator.gpu`.
 */
import type * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { EosinError } from '../core/errors.ts';
import type { Engine } from './engine.ts';
import { chooseAdapter, type GpuInfo, gpuName } from './webgpu-adapter.ts';
import { replaceAddN } from './webgpu-add-n.ts';
import { boundBuffers } from './webgpu-buffers.ts';
import { installWebGpuKernels } from './webgpu-kernels.ts';
import { type DeviceWatch, watchDevice } from './webgpu-watch.ts';

export interface WebGpuParts {
  readonly gpu: GPU;
  readonly tf: typeof tf;
  /** Of @tensorflow/tfjs-backend-webgpu; importing that package registers its kernels. */
  readonly WebGPUBackend: typeof WebGPUBackend;
  /** For tests of correctness: takes SwiftShader and the like too. */
  readonly allowSoftware?: boolean;
}

export interface WebGpuEngine extends Engine {
  readonly id: 'webgpu';
  /** The largest tensor that this GPU takes, in bytes. */
  readonly largestTensorBytes: number;
  /**
   * Resolves once the GPU fails (`engine/gpu-lost`, `engine/out-of-memory`, `engine/gpu-error`); never by `close`. All that
   * waits for the GPU throws the same error: a run needs this only to end while nothing waits.
   */
  readonly failed: Promise<EosinError>;
}

/** What the backend's kernels need more of than every GPU has to have. */
const wantedLimits = [
  'maxBufferSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
] as const;

/**
 * Opens the engine on the fastest GPU; `parts.tf` then has 'webgpu' as its backend.
 *
 * @throws EosinError `engine/not-usable` when there is no GPU.
 */
export async function openWebGpuEngine(parts: WebGpuParts): Promise<WebGpuEngine> {
  const { tf: engine, gpu, allowSoftware = false } = parts;
  const { adapter, info } = await chooseAdapter(gpu, allowSoftware);
  const requiredLimits = Object.fromEntries(wantedLimits.map((name) => [name, adapter.limits[name]]));
  const device = await adapter.requestDevice({ requiredLimits });
  const { promise: failed, resolve } = Promise.withResolvers<EosinError>();
  const watch = watchDevice(device, resolve);
  engine.enableProdMode();
  if (engine.findBackendFactory('webgpu') !== null) engine.removeBackend('webgpu'); // the package's own takes any adapter
  engine.registerBackend('webgpu', () => guardedBackend(parts.WebGPUBackend, device, info, watch));
  await engine.setBackend('webgpu');
  installWebGpuKernels(engine);
  // One program reads the summands and writes the sum.
  replaceAddN(engine, device.limits.maxStorageBuffersPerShaderStage - 1);
  let open = true;
  return {
    id: 'webgpu',
    tf: engine,
    device: gpuName(info),
    threads: 1,
    largestTensorBytes: largestTensor(device),
    failed,
    async close() {
      if (!open) return;
      open = false;
      watch.close();
      engine.disposeVariables();
      engine.removeBackend('webgpu');
      device.destroy();
    },
  };
}

/** The backend, which throws what `watch` noticed instead of computing with nothing. */
function guardedBackend(
  Backend: typeof WebGPUBackend,
  device: GPUDevice,
  info: GpuInfo,
  watch: DeviceWatch,
): WebGPUBackend {
  class GuardedBackend extends Backend {
    override read(...args: Parameters<WebGPUBackend['read']>): ReturnType<WebGPUBackend['read']> {
      return watch.guard(super.read(...args));
    }

    override runWebGPUProgram(
      ...args: Parameters<WebGPUBackend['runWebGPUProgram']>
    ): ReturnType<WebGPUBackend['runWebGPUProgram']> {
      watch.check();
      return super.runWebGPUProgram(...args);
    }
  }
  const backend = new GuardedBackend(device, info as unknown as GPUAdapterInfo);
  boundBuffers(backend.bufferManager, largestTensor(device));
  return backend;
}

function largestTensor({ limits }: GPUDevice): number {
  return Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
}
