/**
 * Makes tfjs-backend-wasm 4.22 able to train. As shipped it
 *  - has no Conv2DBackpropFilter, DepthwiseConv2dNativeBackpropFilter and DepthwiseConv2dNativeBackpropInput,
 *  - gives wrong gradients for max pooling,
 *  - has slow code for the input gradient of a convolution, batch normalization and the gradients of relu and relu6.
 *
 * The kernels here replace these on the wasm backend alone; other backends keep their own.
 */
import type * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js';
import { bindGradientModule, type GradientBinaries } from './kernels/gradient-module.ts';
import { convolutionKernels, depthwiseKernels, poolingKernels } from './wasm-convolutions.ts';
import { overrideWasmGradients } from './wasm-gradients.ts';
import { type Attributes, heapMemory, type Inputs, type Kernel } from './wasm-heap.ts';
import { pointwiseKernels } from './wasm-pointwise.ts';

/** The package's own kernels: some of ours fall back on them, and a backend opened later sets them up again. */
const shippedKernels = new Map<string, tf.KernelConfig>();

/**
 * Registers the kernels and gradients on the active wasm backend. Once a backend; call it after `tf.setBackend('wasm')`.
 *
 * @param binaries what `scripts/build-kernels.ts` compiled.
 */
export async function installWasmKernels(engine: typeof tf, binaries: GradientBinaries): Promise<void> {
  const backend = engine.backend() as unknown as BackendWasm;
  const gradients = await bindGradientModule(binaries, heapMemory(backend));
  if (shippedKernels.size === 0) {
    for (const config of engine.getKernelsForBackend('wasm')) shippedKernels.set(config.kernelName, config);
  }
  const kernels: Record<string, Kernel> = {
    ...convolutionKernels(engine, backend, gradients, shippedKernels.get('Conv2DBackpropInput')!),
    ...depthwiseKernels(engine, backend, gradients),
    ...poolingKernels(engine, backend, gradients),
    ...pointwiseKernels(backend, gradients),
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
