/**
 * The sum of many tensors on WebGPU. The backend binds all of them to one program, which a GPU takes eight or ten of: a network has
 * hundreds of variables. Here they are added in groups, and the groups' sums again.
 */
import type * as tf from '@tensorflow/tfjs';
import { chunks } from '../core/chunks.ts';

type AddN = (args: { inputs: readonly tf.TensorInfo[]; backend: AddNBackend }) => tf.TensorInfo;
interface AddNBackend {
  disposeData(dataId: object): boolean;
}

/** The backend's own kernel, once it was replaced: opening the engine again must not wrap the wrapper. */
let shipped: AddN | null = null;

/** @param most tensors that one program may read. */
export function replaceAddN(engine: typeof tf, most: number): void {
  shipped ??= engine.getKernel('AddN', 'webgpu').kernelFunc as unknown as AddN;
  const add = shipped;
  const inGroups: AddN = ({ inputs, backend }) => {
    if (inputs.length <= most) return add({ inputs, backend });
    const sums = [...chunks(inputs, most)].map((group) => add({ inputs: group, backend }));
    const sum = inGroups({ inputs: sums, backend });
    for (const { dataId } of sums) backend.disposeData(dataId);
    return sum;
  };
  engine.unregisterKernel('AddN', 'webgpu');
  engine.registerKernel({
    kernelName: 'AddN',
    backendName: 'webgpu',
    kernelFunc: inGroups as unknown as tf.KernelFunc,
  });
}
