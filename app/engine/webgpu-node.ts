/** Entry file: the WebGPU engine in plain Node, over Dawn (npm `webgpu`). Electron and browsers have WebGPU in their pages. */
import { createRequire } from 'node:module';
import type * as tf from '@tensorflow/tfjs';
import { notUsable } from './not-usable.ts';
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
  if (process.platform === 'linux' && !hasVulkan()) {
    const reason =
      "Vulkan is not installed (libvulkan.so.1); a GPU needs it and its maker's own driver: apt-get install libvulkan1";
    throw notUsable('webgpu', reason);
  }
  const { create, globals } = require('webgpu') as Dawn;
  Object.assign(globalThis, globals);
  const gpu = create([]);
  // The backend looks for WebGPU where a page has it.
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  const release = (): void => void Reflect.deleteProperty(globalThis.navigator, 'gpu'); // Dawn lives as long as it is there
  try {
    const engine = require('@tensorflow/tfjs') as typeof tf;
    const { WebGPUBackend } =
      require('@tensorflow/tfjs-backend-webgpu') as typeof import('@tensorflow/tfjs-backend-webgpu');
    const opened = await openWebGpuEngine({ gpu, tf: engine, WebGPUBackend, allowSoftware });
    const close = async (): Promise<void> => {
      process.off('exit', atExit);
      await opened.close();
      release();
    };
    const atExit = (): void => void close(); // Dawn crashes when Node ends under its work
    process.once('exit', atExit);
    return { ...opened, close };
  } catch (error) {
    release();
    throw error;
  }
}

/** Whether the system finds Vulkan's loader. Dawn writes to the terminal where there is none. */
function hasVulkan(): boolean {
  try {
    process.dlopen({ exports: {} }, 'libvulkan.so.1');
  } catch (error) {
    return !/cannot open shared object file/.test(String(error)); // it is found, and no module of Node
  }
  return true;
}
