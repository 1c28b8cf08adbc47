/** Batch normalization in inference mode and the gradients of activations on the wasm backend: memory is read once. */
import type * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js';
import { EosinError } from '../core/errors.ts';
import { cut, type KernelTeam } from './kernels/kernel-team.ts';
import { type Kernel, pointer, sizeOf } from './wasm-heap.ts';

/** Kernels of ours that have no name in TensorFlow.js. */
export const RELU_GRADIENT = 'EosinReluGradient';
export const CLIP_GRADIENT = 'EosinClipGradient';
export const COLUMN_SUMS = 'EosinColumnSums';
export const SCALE_CHANNELS = 'EosinScaleChannels';

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
  const values = (tensor: tf.TensorInfo): Float32Array => backend.typedArrayFromHeap(tensor) as Float32Array;
  const affine = (x: tf.TensorInfo, factor: number, shift: number, channels: number): tf.TensorInfo => {
    const out = backend.makeOutput(x.shape, 'float32');
    const ranges = cut(sizeOf(x.shape) / channels, channels);
    const rowBytes = 4 * channels;
    team.run(
      'affineRows',
      ranges.map(([from, end]) => {
        return [at(x) + from * rowBytes, factor, shift, at(out) + from * rowBytes, end - from, channels];
      }),
    );
    return out;
  };
  /** Per channel, the sum of a and that of a * b over all rows. */
  const addColumns = (a: tf.TensorInfo, b: tf.TensorInfo, sums: tf.TensorInfo, products: tf.TensorInfo): void => {
    const channels = sums.shape[0]!;
    const ranges = cut(sizeOf(a.shape) / channels, channels);
    const totals = backend.makeOutput([ranges.length, 4 * channels], 'float32'); // two of float64 a piece
    const rowBytes = 4 * channels;
    team.run(
      'columnTotals',
      ranges.map(([from, end], i) => {
        const total = at(totals) + i * 4 * rowBytes;
        return [at(a) + from * rowBytes, at(b) + from * rowBytes, total, end - from, channels];
      }),
    );
    team.run('addTotals', [[at(totals), ranges.length, at(sums), at(products), channels]]);
    backend.disposeData(totals.dataId);
  };

  return {
    FusedBatchNorm: (inputs, attrs) => {
      const { x, mean, variance, offset, scale } = inputs;
      const channels = mean!.shape.at(-1)!;
      if (sizeOf(mean!.shape) !== channels) {
        throw new EosinError('engine/batch-norm-shape', 'internal', 'Batch normalization needs one mean a channel.', {
          remedy: 'Report this network: Eosin normalises over the last axis only.',
        });
      }
      const constants = backend.makeOutput([2, channels], 'float32'); // factor, shift
      const [c, m, v] = [values(constants), values(mean!), values(variance!)];
      const s = scale && values(scale);
      const o = offset && values(offset);
      for (let i = 0; i < channels; i++) {
        const factor = (s ? s[i]! : 1) / Math.sqrt(v[i]! + (attrs.varianceEpsilon as number));
        c[i] = factor;
        c[channels + i] = (o ? o[i]! : 0) - m[i]! * factor;
      }
      const out = affine(x!, at(constants), at(constants) + 4 * channels, channels);
      backend.disposeData(constants.dataId);
      return out;
    },
    [SCALE_CHANNELS]: (inputs) => {
      const [x, factor] = [inputs.x!, inputs.factor!];
      const channels = factor.shape[0]!;
      const zeros = backend.makeOutput([channels], 'float32');
      values(zeros).fill(0);
      const out = affine(x, at(factor), at(zeros), channels);
      backend.disposeData(zeros.dataId);
      return out;
    },
    [COLUMN_SUMS]: ({ a, b }) => {
      const channels = a!.shape.at(-1)!;
      const sums = backend.makeOutput([channels], 'float32');
      const products = backend.makeOutput([channels], 'float32');
      addColumns(a!, b!, sums, products);
      return [sums, products];
    },
    // The gradient of a bias. Other sums are the backend's.
    Sum: (inputs, attrs) => {
      const x = inputs.x!;
      const axes = [attrs.axis as number | number[]].flat().toSorted((a, b) => a - b);
      const leading = axes.length === x.shape.length - 1 && axes.every((axis, i) => axis === i);
      if (!leading || x.dtype !== 'float32' || attrs.keepDims === true || sizeOf(x.shape) === 0) {
        return shippedSum.kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend }) as tf.TensorInfo;
      }
      const channels = x.shape.at(-1)!;
      const sums = backend.makeOutput([channels], 'float32');
      const products = backend.makeOutput([channels], 'float32');
      addColumns(x, x, sums, products);
      backend.disposeData(products.dataId);
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
