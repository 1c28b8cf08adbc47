/** Batch normalization in inference mode, a relu behind it, and the gradient of both on the wasm backend: memory is read once each way. */
import type * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js';
import { EosinError } from '../core/errors.ts';
import { BATCH_NORM_RELU } from './batch-norm-relu.ts';
import { cut, type KernelTeam } from './kernels/kernel-team.ts';
import { type Attributes, type Inputs, type Kernel, pointer, sizeOf } from './wasm-heap.ts';

/** A kernel of ours: the gradients of x, scale and offset, with attributes low and high where the forward pass cut values off. */
export const BATCH_NORM_GRADIENT = 'EosinBatchNormGradient';

export function batchNormKernels(backend: BackendWasm, team: KernelTeam): Record<string, Kernel> {
  const at = (tensor: tf.TensorInfo): number => pointer(backend, tensor);
  const values = (tensor: tf.TensorInfo): Float32Array => backend.typedArrayFromHeap(tensor) as Float32Array;

  /** [2, channels]: what x is multiplied by, and what is added then. */
  const constantsOf = ({ mean, variance, offset, scale }: Inputs, epsilon: number): tf.TensorInfo => {
    const channels = mean!.shape.at(-1)!;
    if (sizeOf(mean!.shape) !== channels) {
      throw new EosinError('engine/batch-norm-shape', 'internal', 'Batch normalization needs one mean a channel.', {
        remedy: 'Report this network: Eosin normalises over the last axis only.',
      });
    }
    const constants = backend.makeOutput([2, channels], 'float32');
    const [c, m, v] = [values(constants), values(mean!), values(variance!)];
    const s = scale && values(scale);
    const o = offset && values(offset);
    for (let i = 0; i < channels; i++) {
      const factor = (s ? s[i]! : 1) / Math.sqrt(v[i]! + epsilon);
      c[i] = factor;
      c[channels + i] = (o ? o[i]! : 0) - m[i]! * factor;
    }
    return constants;
  };

  const forward = (inputs: Inputs, attrs: Attributes, low: number, high: number): tf.TensorInfo => {
    const x = inputs.x!;
    const constants = constantsOf(inputs, attrs.varianceEpsilon as number);
    const channels = constants.shape[1]!;
    const rowBytes = 4 * channels;
    const [factor, shift] = [at(constants), at(constants) + rowBytes];
    const out = backend.makeOutput(x.shape, 'float32');
    team.run(
      'affineRows',
      cut(sizeOf(x.shape) / channels, channels).map(([from, end]) => {
        const start = from * rowBytes;
        return [at(x) + start, factor, shift, at(out) + start, end - from, channels, low, high];
      }),
    );
    backend.disposeData(constants.dataId);
    return out;
  };

  return {
    FusedBatchNorm: (inputs, attrs) => forward(inputs, attrs, -Infinity, Infinity),
    [BATCH_NORM_RELU]: (inputs, attrs) => forward(inputs, attrs, 0, attrs.cap as number),
    [BATCH_NORM_GRADIENT]: (inputs, attrs) => {
      const [x, dy, mean, variance] = [inputs.x!, inputs.dy!, inputs.mean!, inputs.variance!];
      const epsilon = attrs.varianceEpsilon as number;
      const [low, high] = [attrs.low as number, attrs.high as number];
      const constants = constantsOf(inputs, epsilon);
      const channels = constants.shape[1]!;
      const rowBytes = 4 * channels;
      const [factor, shift] = [at(constants), at(constants) + rowBytes];
      const ranges = cut(sizeOf(x.shape) / channels, channels);
      const totals = backend.makeOutput([ranges.length, 4 * channels], 'float32'); // two float64 a channel and piece
      const dx = backend.makeOutput(x.shape, 'float32');
      team.run(
        'affineGradient',
        ranges.map(([from, end], i) => {
          const [start, own] = [from * rowBytes, at(totals) + i * 4 * rowBytes];
          const places = [at(x) + start, at(dy) + start, factor, shift, at(dx) + start, own] as const;
          return [...places, end - from, channels, low, high];
        }),
      );
      const sums = backend.makeOutput([2, channels], 'float32'); // of the gradients, and of gradient * x
      team.run('addTotals', [[at(totals), ranges.length, at(sums), 2 * channels]]);
      const dScale = backend.makeOutput([channels], 'float32');
      const dOffset = backend.makeOutput([channels], 'float32');
      const [s, m, v, scaled, shifted] = [sums, mean, variance, dScale, dOffset].map(values);
      for (let i = 0; i < channels; i++) {
        shifted![i] = s![i]!;
        scaled![i] = (s![channels + i]! - m![i]! * s![i]!) / Math.sqrt(v![i]! + epsilon);
      }
      for (const { dataId } of [constants, totals, sums]) backend.disposeData(dataId);
      return [dx, dScale, dOffset];
    },
  };
}
