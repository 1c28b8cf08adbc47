/**
 * Entry file: TensorFlow's own library through @tensorflow/tfjs-node-gpu, with an NVIDIA GPU or without one. The package
 * comes with npm; its binding is built by the installation of the native engine. One binding a process: CUDA or not.
 */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import type { Engine } from './engine.ts';

export type NativeId = 'native-cuda' | 'native-cpu';

const require = createRequire(import.meta.url);
const PACKAGE = '@tensorflow/tfjs-node-gpu';

/** Why this native engine cannot be opened here, or null when nothing that can be seen without loading it is missing. */
export function nativeObstacle(id: NativeId): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the native engine exists for Linux x64 only, this is ${process.platform} ${process.arch}`;
  }
  const folder = packageFolder();
  if (folder === null) return `the optional package ${PACKAGE} is not installed`;
  if (!hasBinding(folder))
    return 'its binding is not built on this computer; this version of Eosin does not build it yet';
  if (id === 'native-cuda' && !existsSync('/dev/nvidiactl')) return 'no NVIDIA GPU was found (/dev/nvidiactl)';
  return null;
}

/**
 * Loads the binding and opens it. What TensorFlow reads from the environment is set for this process.
 *
 * @throws Error in the words of the loader (a missing library, no GPU).
 */
export async function openNativeEngine(id: NativeId, threads: number): Promise<Engine> {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  process.env.TF_ENABLE_ONEDNN_OPTS = '1'; // doubles the forward pass
  process.env.TF_NUM_INTRAOP_THREADS = String(threads);
  process.env.TF_NUM_INTEROP_THREADS = String(threads);
  if (id === 'native-cpu') process.env.CUDA_VISIBLE_DEVICES = '-1';
  restoreRemovedUtilities();
  require(PACKAGE);
  const engine = require('@tensorflow/tfjs') as typeof tf;
  engine.enableProdMode();
  if (!(await engine.setBackend('tensorflow'))) throw new Error('TensorFlow did not become the active backend.');
  await engine.ready();
  const backend = engine.backend() as unknown as { isUsingGpuDevice?: boolean };
  const gpu = backend.isUsingGpuDevice === true;
  if (id === 'native-cuda' && !gpu) throw new Error('TensorFlow was loaded, but sees no NVIDIA GPU.');
  return {
    id,
    tf: engine,
    device: gpu ? 'NVIDIA GPU, CUDA' : `CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'}, TensorFlow`,
    threads,
    close: async () => engine.disposeVariables(), // the library stays loaded until the process ends
  };
}

function packageFolder(): string | null {
  try {
    return dirname(require.resolve(`${PACKAGE}/package.json`));
  } catch {
    return null;
  }
}

function hasBinding(folder: string): boolean {
  const lib = join(folder, 'lib');
  if (!existsSync(lib)) return false;
  return readdirSync(lib).some((name) => existsSync(join(lib, name, 'tfjs_binding.node')));
}

/** Node 23 took two functions out of `util` that tfjs-node 4.22 still calls. */
function restoreRemovedUtilities(): void {
  const util = require('node:util') as {
    isNullOrUndefined?: (value: unknown) => boolean;
    isArray?: (value: unknown) => boolean;
  };
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}
