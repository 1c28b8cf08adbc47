/** Entry file: the WebGPU engine in plain Node, over Dawn (npm `webgpu`). Electron and browsers have WebGPU in their pages. */
import { createRequire } from 'node:module';
import type * as tf from '@tensorflow/tfjs';
import { openWebGpuEngine, type WebGpuEngine } from './webgpu.ts';

const require = createRequire(import.meta.url);

/** What is used of npm `webgpu`. */
interface Dawn {
  create(options: readonly string[]): GPU;
  /** `GPUBuffer`, `GPUBufferUsage` and what else a page has. */
  readonly globals: Readonly<Record<string, unknown>>;
}

/** Why it cannot be opened here, as far as can be told without asking for a GPU. */
export function webGpuObstacle(): string | null {
  if (process.versions.electron !== undefined) return 'Electron refuses Dawn its memory; the window itself has WebGPU';
  try {
    require.resolve('webgpu');
    return null;
  } catch {
    return "the optional package 'webgpu' is not installed: npm install webgpu";
  }
}

/** @throws EosinError `engine/not-usable` when there is no GPU. */
export async function openWebGpuInNode(allowSoftware: boolean): Promise<WebGpuEngine> {
  const { create, globals } = require('webgpu') as Dawn;
  Object.assign(globalThis, globals);
  const gpu = create([]);
  // The backend looks for WebGPU where a page has it.
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  const release = (): void => void Reflect.deleteProperty(globalThis.navigator, 'gpu'); // Node does not end before
  try {
    const engine = require('@tensorflow/tfjs') as typeof tf;
    const { WebGPUBackend } =
      require('@tensorflow/tfjs-backend-webgpu') as typeof import('@tensorflow/tfjs-backend-webgpu');
    const opened = await openWebGpuEngine({ gpu, tf: engine, WebGPUBackend, allowSoftware });
    return {
      ...opened,
      async close() {
        await opened.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}
