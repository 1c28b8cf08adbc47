/**
 * Bounds what the WebGPU backend holds. It keeps every buffer that it ever made for the next tensor of the same size, for good: the
 * optimizer's buffers lie idle in the backward pass, and the backward pass' in the optimizer.
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { gpuOutOfMemory } from './webgpu-watch.ts';

type BufferManager = WebGPUBackend['bufferManager'];
/** What the package keeps to itself. A size that it has seen keeps its list, if an empty one: it counts on that. */
interface Spares {
  readonly freeBuffers: Map<string, GPUBuffer[]>;
  numFreeBuffers: number;
}

/** Idle bytes that are always allowed: making buffers anew costs time too. */
const idleBytes = 256e6;

/**
 * @param largest bytes of the largest buffer that the GPU takes; a larger one is refused (`engine/out-of-memory`).
 * @param idle bytes that may lie idle, or as many as are in use, if that is more.
 */
export function boundBuffers(manager: BufferManager, largest: number, idle = idleBytes): void {
  const acquire = manager.acquireBuffer.bind(manager);
  const spares = manager as unknown as Spares;
  manager.acquireBuffer = (size, usage, ...rest) => {
    if (size > largest) throw gpuOutOfMemory(`a tensor of ${size} bytes, where ${largest} are the most`);
    const isAtHand = (spares.freeBuffers.get(`${size}_${usage}`)?.length ?? 0) > 0;
    const unused = manager.numBytesAllocated - manager.numBytesUsed;
    if (!isAtHand && unused > Math.max(idle, manager.numBytesUsed)) dropSpares(manager, spares);
    return acquire(size, usage, ...rest);
  };
}

/** None is read by a program still to be sent: the backend frees a tensor's buffer only once its programs are on their way. */
function dropSpares(manager: BufferManager, spares: Spares): void {
  for (const buffers of spares.freeBuffers.values()) {
    for (const buffer of buffers.splice(0)) {
      manager.numBytesAllocated -= buffer.size;
      buffer.destroy();
    }
  }
  spares.numFreeBuffers = 0;
}
