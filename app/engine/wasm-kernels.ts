/**
 * Makes tfjs-backend-wasm 4.22 able to train. As shipped it
 *  - has no Conv2DBackpropFilter, DepthwiseConv2dNativeBackpropFilter and DepthwiseConv2dNativeBackpropInput,
 *  - gives wrong gradients for max pooling,
 *  - copies every tensor that is kept for the backward pass,
 *  - has slow code for the input gradient of a convolution, batch normalization, the gradients of relu, relu6, padding and a bias.
 *
 * The kernels here replace these on the wasm backend alone; other backends keep their own.
 */
import type * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js';
import type { KernelTeam } from './kernels/kernel-team.ts';
import { batchNormKernels } from './wasm-batch-norm.ts';
import { convolutionKernels, depthwiseKernels, poolingKernels } from './wasm-convolutions.ts';
import { copyKernels } from './wasm-copies.ts';
import { overrideWasmGradients } from './wasm-gradients.ts';
import type { Attributes, Inputs, Kernel } from './wasm-heap.ts';
import { pointwiseKernels } from './wasm-pointwise.ts';

/** The package's own kernels: some of ours fall back on them, and a backend opened later sets them up again. */
const shippedKernels = new Map<string, tf.KernelConfig>();

/**
 * Registers the kernels and gradients on the active wasm backend. Once a backend; call it after `tf.setBackend('wasm')`.
 *
 * @param team works on the heap of that backend.
 */
export function installWasmKernels(engine: typeof tf, team: KernelTeam): void {
  const backend = engine.backend() as unknown as BackendWasm;
  if (shippedKernels.size === 0) {
    for (const config of engine.getKernelsForBackend('wasm')) shippedKernels.set(config.kernelName, config);
  }
  const kernels: Record<string, Kernel> = {
    ...convolutionKernels(engine, backend, team, shippedKernels),
    ...depthwiseKernels(engine, backend, team),
    ...poolingKernels(engine, backend, team),
    ...batchNormKernels(backend, team),
    ...pointwiseKernels(backend, team, shippedKernels.get('Sum')!),
    ...copyKernels(engine, backend, team, shippedKernels),
  };
  for (const [kernelName, run] of Object.entries(kernels)) {
    const setup = shippedKernels.get(kernelName)?.setupFunc;
    if (engine.getKernel(kernelName, 'wasm')) engine.unregisterKernel(kernelName, 'wasm');
    engine.registerKernel({
      kernelName,
      backendName: 'wasm',
      ...(setup === undefined ? {} : { setupFunc: setup }),
      kernelFunc: ({ inputs, attrs }) => run(inputs as Inputs, (attrs ?? {}) as Attributes),
    });
  }
  overrideWasmGradients(engine);
}
