/**
 * Entry file: TensorFlow's own library through @tensorflow/tfjs-node-gpu, with an NVIDIA GPU or without one. The package
 * comes with npm; TensorFlow and the binding to it come with `eosin engine install`. One binding a process: CUDA or not.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import type { Engine } from './engine.ts';
import { bindingName, NATIVE_PACKAGE, type NativeId, nativeFolderFor } from './native-folder-node.ts';
import { overrideNativeGradients } from './native-gradients.ts';

const require = createRequire(import.meta.url);

/** Under which the package registers its kernels. */
const backendName = 'tensorflow';

/** Why this native engine cannot be opened here, or null when nothing that can be seen without loading it is missing. */
export function nativeObstacle(id: NativeId): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the native engine exists for Linux x64 only, this is ${process.platform} ${process.arch}`;
  }
  const version = packageVersion();
  if (version === null) return `the optional package ${NATIVE_PACKAGE} is not installed`;
  const found = nativeFolderFor(id);
  if (found === null) return `it is not installed: run 'eosin engine install${id === 'native-cuda' ? ' --cuda' : ''}'`;
  if (found.manifest.binding !== version) {
    return `it was made for version ${found.manifest.binding} of its binding: run 'eosin engine install' again`;
  }
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
  const engine = registerBackend(nativeFolderFor(id)!.folder);
  engine.enableProdMode();
  if (!(await engine.setBackend(backendName))) throw new Error('TensorFlow did not become the active backend.');
  await engine.ready();
  overrideNativeGradients(engine, backendName);
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

/** What the package's own entry file does, with the binding of our folder in place of the one in node_modules. */
function registerBackend(folder: string): typeof tf {
  restoreRemovedUtilities();
  const engine = require('@tensorflow/tfjs') as typeof tf;
  require(`${NATIVE_PACKAGE}/dist/register_all_kernels`);
  const { NodeJSKernelBackend } = require(`${NATIVE_PACKAGE}/dist/nodejs_kernel_backend`) as {
    NodeJSKernelBackend: new (binding: unknown, packageName: string) => tf.KernelBackend;
  };
  const binding: unknown = require(join(folder, bindingName));
  engine.registerBackend(backendName, () => new NodeJSKernelBackend(binding, NATIVE_PACKAGE));
  return engine;
}

function packageVersion(): string | null {
  try {
    return (require(`${NATIVE_PACKAGE}/package.json`) as { version: string }).version;
  } catch {
    return null;
  }
}

/** tfjs-node 4.22 calls two functions of `util` that Node 23 took out or warns of. */
function restoreRemovedUtilities(): void {
  const util = require('node:util') as {
    isNullOrUndefined?: (value: unknown) => boolean;
    isArray?: (value: unknown) => boolean;
  };
  util.isNullOrUndefined = (value) => value === null || value === undefined;
  util.isArray = Array.isArray;
}
