/** What the wasm kernels share: a tensor's place on the backend's heap, and the form of a kernel. */
import type * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js';
import { EosinError } from '../core/errors.ts';
import type { WasmMemory } from './kernels/gradient-module.ts';

export type Attributes = Record<string, unknown>;
export type Inputs = Record<string, tf.TensorInfo>;
export type Kernel = (inputs: Inputs, attributes: Attributes) => tf.TensorInfo | tf.TensorInfo[];

/** Byte offset of a tensor on the heap. */
export function pointer(backend: BackendWasm, tensor: tf.TensorInfo): number {
  return backend.dataIdMap.get(tensor.dataId).memoryOffset;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Emscripten's memory; its name depends on the build (threads or not). */
export function heapMemory(backend: BackendWasm): WasmMemory {
  const module = backend.wasm as unknown as {
    wasmMemory?: WasmMemory;
    asm?: { memory?: WasmMemory };
  };
  const memory = module.wasmMemory ?? module.asm?.memory;
  if (memory === undefined) {
    throw new EosinError('engine/wasm-memory', 'config', 'The memory of the wasm backend cannot be reached.', {
      remedy: 'Eosin needs @tensorflow/tfjs-backend-wasm 4.22.0: run npm ci.',
    });
  }
  return memory;
}
