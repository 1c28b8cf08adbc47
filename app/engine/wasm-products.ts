/** Convolutions of single pixels on the wasm backend: matrix products on our own threads, faster than the backend's XNNPACK. */
import type * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js';
import { cut, type KernelTeam } from './kernels/kernel-team.ts';
import { type Kernel, pointer, sizeOf } from './wasm-heap.ts';

/** Columns of a panel (kernels/assembly/product.ts). */
const panel = 8;

/** `x` [..., k] times a filter [1, 1, in, out], or with `turned` times its transpose: [..., n]. */
export type MultiplyPixels = (x: tf.TensorInfo, filter: tf.TensorInfo, turned: boolean) => tf.TensorInfo;

export function pixelProducts(backend: BackendWasm, team: KernelTeam): MultiplyPixels {
  return (x, filter, turned) => {
    const [inChannels, outChannels] = filter.shape.slice(2) as [number, number];
    const [k, n] = turned ? [outChannels, inChannels] : [inChannels, outChannels];
    const [rowStep, columnStep] = turned ? [1, outChannels] : [outChannels, 1];
    const panels = backend.makeOutput([Math.ceil(n / panel) * panel * k], 'float32');
    const out = backend.makeOutput([...x.shape.slice(0, -1), n], 'float32');
    const [from, packed, into] = [x, panels, out].map((tensor) => pointer(backend, tensor)) as [number, number, number];
    team.run('packPanels', [[pointer(backend, filter), packed, k, n, rowStep, columnStep]]);
    const ranges = cut(sizeOf(x.shape) / k, k * n, 4);
    team.run(
      'multiplyPanels',
      ranges.map((range) => [from, packed, into, k, n, ...range]),
    );
    backend.disposeData(panels.dataId);
    return out;
  };
}

/** @param shipped the backend's own convolution, for all that are not of single pixels. */
export function pixelConvolution(backend: BackendWasm, multiply: MultiplyPixels, shipped: tf.KernelConfig): Kernel {
  return (inputs, attrs) => {
    const [x, filter] = [inputs.x!, inputs.filter!];
    const [height, width] = filter.shape;
    const single = height === 1 && width === 1 && [attrs.strides].flat().every((stride) => stride === 1);
    if (single && typeof attrs.pad === 'string' && attrs.dataFormat !== 'NCHW') return multiply(x, filter, false);
    return shipped.kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend }) as tf.TensorInfo;
  };
}
