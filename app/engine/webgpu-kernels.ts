/**
 * Gradients of convolutions on the WebGPU backend. As shipped by tfjs-backend-webgpu 4.22 they are right, but each number of a
 * filter's gradient is summed by one thread alone over all pixels of all pictures: a GPU with thousands of threads waits for a
 * few, and Windows resets a driver that answers no sooner than two seconds. Here they are matrix products, and sums in parts.
 * The order of the sums depends on the shapes alone, so that a run can be made again to the bit on one GPU.
 */
import type * as tf from '@tensorflow/tfjs';
import { overrideGradient } from './override-gradient.ts';
import { convolutionFilterGradient, convolutionInputGradient } from './webgpu-convolutions.ts';
import { depthwiseFilterGradient } from './webgpu-depthwise.ts';

/** By itself the backend adds up some small products in the order in which threads come by. */
const packedProducts = 3;

/** Programs sent to the GPU together. What they read is freed only then: 15, the backend's own, take a quarter more memory. */
const deferred = 4;

const installed = new WeakSet<object>();

/** Registers the kernels and gradients for backend 'webgpu'; once for a namespace, however often the backend is opened. */
export function installWebGpuKernels(engine: typeof tf): void {
  engine.env().set('WEBGPU_MATMUL_PROGRAM_TYPE', packedProducts);
  engine.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', deferred);
  if (installed.has(engine)) return;
  installed.add(engine);
  replace(engine, 'Conv2DBackpropFilter', () => convolutionFilterGradient(engine));
  replace(engine, 'Conv2DBackpropInput', (shipped) => convolutionInputGradient(engine, shipped));
  replace(engine, 'DepthwiseConv2dNativeBackpropFilter', () => depthwiseFilterGradient(engine));
  overrideGradient(engine, 'webgpu', 'FusedBatchNorm', (dy, saved, attrs, shipped) => {
    const [x, mean, variance, scale] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | undefined];
    if (mean.rank !== 1) return shipped(dy, saved, attrs);
    const inverse = engine.rsqrt(variance.add(attrs.varianceEpsilon as number)); // [channels] 1 / standard deviation
    const rows = [...Array(dy.rank - 1).keys()];
    return {
      x: () => dy.mul(scale == null ? inverse : inverse.mul(scale)),
      scale: () => dy.mul(x.sub(mean)).sum(rows).mul(inverse),
      offset: () => dy.sum(rows),
      mean: () => shipped(dy, saved, attrs).mean!(),
      variance: () => shipped(dy, saved, attrs).variance!(),
    };
  });
}

function replace(engine: typeof tf, kernelName: string, own: (shipped: tf.KernelFunc) => tf.KernelFunc): void {
  const shipped = engine.getKernel(kernelName, 'webgpu').kernelFunc;
  engine.unregisterKernel(kernelName, 'webgpu');
  engine.registerKernel({ kernelName, backendName: 'webgpu', kernelFunc: own(shipped) });
}
