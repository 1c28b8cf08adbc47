/** The gradients of activations and of a bias on the wasm backend: memory is read once. */
import type * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js';
import { cut, type KernelTeam } from './kernels/kernel-team.ts';
import { type Kernel, pointer, sizeOf } from './wasm-heap.ts';

/** Kernels of ours that have no name in TensorFlow.js. */
export const RELU_GRADIENT = 'EosinReluGradient';
export const CLIP_GRADIENT = 'EosinClipGradient';

/** @param shippedSum the backend's own kernel, for sums that are not one a channel. */
export function pointwiseKernels(
  backend: BackendWasm,
  team: KernelTeam,
  shippedSum: tf.KernelConfig,
): Record<string, Kernel> {
  const at = (tensor: tf.TensorInfo): number => pointer(backend, tensor);
  const valueRanges = (shape: number[]) => cut(sizeOf(shape), 1, 4);
  const places = (from: number, x: tf.TensorInfo, dy: tf.TensorInfo, dx: tf.TensorInfo) =>
    [at(x) + 4 * from, at(dy) + 4 * from, at(dx) + 4 * from] as const;

  return {
    // The gradient of a bias. Other sums are the backend's.
    Sum: (inputs, attrs) => {
      const x = inputs.x!;
      const axes = [attrs.axis as number | number[]].flat().toSorted((a, b) => a - b);
      const leading = axes.length === x.shape.length - 1 && axes.every((axis, i) => axis === i);
      if (!leading || x.dtype !== 'float32' || attrs.keepDims === true || sizeOf(x.shape) === 0) {
        return shippedSum.kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend }) as tf.TensorInfo;
      }
      const channels = x.shape.at(-1)!;
      const ranges = cut(sizeOf(x.shape) / channels, channels);
      const totals = backend.makeOutput([ranges.length, 2 * channels], 'float32'); // a float64 a channel and piece
      const rowBytes = 4 * channels;
      team.run(
        'columnTotals',
        ranges.map(([from, end], i) => [at(x) + from * rowBytes, at(totals) + i * 2 * rowBytes, end - from, channels]),
      );
      const sums = backend.makeOutput([channels], 'float32');
      team.run('addTotals', [[at(totals), ranges.length, at(sums), channels]]);
      backend.disposeData(totals.dataId);
      return sums;
    },
    [RELU_GRADIENT]: (inputs, attrs) => {
      const [x, dy] = [inputs.x!, inputs.dy!];
      const dx = backend.makeOutput(x.shape, 'float32');
      const cap = attrs.cap as number;
      team.run(
        'reluGradient',
        valueRanges(x.shape).map(([from, end]) => [...places(from, x, dy, dx), end - from, cap]),
      );
      return dx;
    },
    [CLIP_GRADIENT]: (inputs, attrs) => {
      const [x, dy] = [inputs.x!, inputs.dy!];
      const dx = backend.makeOutput(x.shape, 'float32');
      const [low, high] = [attrs.low as number, attrs.high as number];
      team.run(
        'clipGradient',
        valueRanges(x.shape).map(([from, end]) => [...places(from, x, dy, dx), end - from, low, high]),
      );
      return dx;
    },
  };
}
