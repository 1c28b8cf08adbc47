/** Every layer kind that a backbone or head uses, as a small function whose gradients two engines can be compared on. */
import type * as tf from '@tensorflow/tfjs';
import { batchNormRelu } from './batch-norm-relu.ts';
import { leanAdd, leanBias } from './lean-add.ts';

export interface GradientCase {
  readonly kind: string;
  /** Shapes of the inputs; gradients are taken for each. */
  readonly shapes: readonly (readonly number[])[];
  readonly run: (engine: typeof tf, inputs: tf.Tensor[]) => tf.Tensor;
}

type Pad = 'same' | 'valid';

function convolution(size: number, cin: number, cout: number, kernel: number, stride: number, pad: Pad): GradientCase {
  return {
    kind: `convolution ${kernel}x${kernel}, stride ${stride}, ${pad}, ${cin} to ${cout} channels`,
    shapes: [
      [2, size, size, cin],
      [kernel, kernel, cin, cout],
    ],
    run: (engine, [x, filter]) => engine.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, pad),
  };
}

function depthwise(
  size: number,
  channels: number,
  kernel: number,
  stride: number,
  pad: Pad,
  multiplier = 1,
): GradientCase {
  return {
    kind: `depthwise convolution ${kernel}x${kernel}, stride ${stride}, ${pad}, ${channels} channels, multiplier ${multiplier}`,
    shapes: [
      [2, size, size, channels],
      [kernel, kernel, channels, multiplier],
    ],
    run: (engine, [x, filter]) => engine.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, pad),
  };
}

const MAP = [2, 7, 7, 6];

export const GRADIENT_CASES: readonly GradientCase[] = [
  convolution(7, 12, 10, 1, 1, 'same'),
  convolution(8, 6, 5, 1, 2, 'same'),
  convolution(9, 3, 8, 3, 2, 'same'),
  convolution(8, 3, 8, 3, 2, 'same'),
  convolution(9, 4, 8, 3, 2, 'valid'),
  convolution(7, 5, 9, 3, 1, 'same'),
  convolution(7, 8, 4, 3, 1, 'valid'),
  convolution(11, 3, 4, 7, 2, 'same'),
  convolution(13, 3, 4, 7, 2, 'valid'),
  convolution(8, 6, 5, 1, 2, 'valid'),
  depthwise(7, 24, 3, 1, 'same'),
  depthwise(8, 17, 3, 2, 'same'),
  depthwise(9, 7, 3, 2, 'valid'),
  depthwise(9, 6, 5, 2, 'same'),
  depthwise(7, 6, 5, 1, 'same'),
  depthwise(10, 6, 5, 2, 'valid'),
  depthwise(8, 3, 3, 1, 'same', 2),
  {
    kind: 'padding, asymmetric',
    shapes: [MAP],
    run: (engine, [x]) => {
      const pads: [number, number][] = [
        [0, 0],
        [0, 1],
        [1, 2],
        [0, 0],
      ];
      return engine.pad(x!, pads);
    },
  },
  {
    kind: 'batch normalization, inference',
    shapes: [MAP, [6], [6]],
    run: (engine, [x, scale, offset]) => {
      const mean = engine.tensor1d([-0.3, -0.1, 0, 0.1, 0.2, 0.4]);
      const variance = engine.tensor1d([0.5, 0.7, 1, 1.3, 2, 0.05]);
      return engine.batchNorm(x!, mean, variance, offset as tf.Tensor1D, scale as tf.Tensor1D, 1e-3);
    },
  },
  ...([6, Number.POSITIVE_INFINITY] as const).map(
    (cap): GradientCase => ({
      kind: `batch normalization with relu up to ${cap}`,
      shapes: [MAP, [6], [6]],
      run: (engine, [x, scale, offset]) => {
        const mean = engine.tensor1d([-0.3, -0.1, 0, 0.1, 0.2, 0.4]);
        const variance = engine.tensor1d([0.5, 0.7, 1, 1.3, 2, 0.05]);
        const constants = { mean, variance, offset: offset as tf.Tensor1D, scale: scale as tf.Tensor1D, epsilon: 1e-3 };
        return batchNormRelu(engine, x!.mul(8), constants, cap);
      },
    }),
  ),
  { kind: 'relu', shapes: [MAP], run: (engine, [x]) => engine.relu(x!) },
  { kind: 'relu6', shapes: [MAP], run: (engine, [x]) => engine.relu6(x!.mul(8)) },
  { kind: 'clipping', shapes: [MAP], run: (engine, [x]) => engine.clipByValue(x!, -0.4, 0.6) },
  { kind: 'addition', shapes: [MAP, MAP], run: (engine, [a, b]) => leanAdd(engine, a!, b!) },
  { kind: 'bias', shapes: [MAP, [6]], run: (engine, [x, bias]) => leanBias(engine, x!, bias!) },
  { kind: 'concatenation', shapes: [MAP, [2, 7, 7, 3]], run: (engine, [a, b]) => engine.concat([a!, b!], 3) },
  {
    kind: 'max pooling 2x2',
    shapes: [[2, 8, 8, 6]],
    run: (engine, [x]) => engine.maxPool(x as tf.Tensor4D, 2, 2, 'valid'),
  },
  { kind: 'max pooling 3x3', shapes: [MAP], run: (engine, [x]) => engine.maxPool(x as tf.Tensor4D, 3, 2, 'same') },
  {
    kind: 'max pooling 3x3 behind padding, valid',
    shapes: [[2, 8, 8, 6]],
    run: (engine, [x]) => {
      const pads: [number, number][] = [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ];
      return engine.maxPool(engine.pad(engine.relu(x!), pads) as tf.Tensor4D, 3, 2, 'valid');
    },
  },
  {
    kind: 'average pooling',
    shapes: [[2, 8, 8, 6]],
    run: (engine, [x]) => engine.avgPool(x as tf.Tensor4D, 2, 2, 'valid'),
  },
  { kind: 'global average pooling', shapes: [MAP], run: (engine, [x]) => engine.mean(x!, [1, 2]) },
  { kind: 'global max pooling', shapes: [MAP], run: (engine, [x]) => engine.max(x!, [1, 2]) },
  {
    kind: 'flattening and a dense layer with relu',
    shapes: [MAP, [7 * 7 * 6, 5]],
    run: (engine, [x, kernel]) => engine.relu(engine.matMul(x!.reshape([2, -1]), kernel!)),
  },
  {
    kind: 'dense layer',
    shapes: [[5, 19], [19, 7], [7]],
    run: (engine, [x, kernel, bias]) => engine.matMul(x!, kernel!).add(bias!),
  },
  {
    kind: 'softmax cross-entropy',
    shapes: [[6, 4]],
    run: (engine, [logits]) => {
      const labels = engine.oneHot(engine.tensor1d([0, 1, 2, 3, 1, 0], 'int32'), 4);
      return engine.losses.softmaxCrossEntropy(labels, logits!);
    },
  },
];
