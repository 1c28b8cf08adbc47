/**
 * Runs a layer graph with plain TensorFlow.js operations instead of the layers' own `call`, because these
 *  - move the averages of a frozen BatchNormalization in training; here it always runs in inference mode,
 *  - fuse convolutions, whose gradient then computes what nobody asked for,
 *  - draw dropout masks that no seed decides.
 */
import type * as tf from '@tensorflow/tfjs';
import { randomFor } from '../core/random.ts';
import { type LayerNode, unsupportedLayer, weightOf } from './layer-graph.ts';

export interface RunOptions {
  /** Given: dropout is on, and this number alone decides the masks. */
  readonly dropoutSeed?: number;
  /** Given: BatchNormalization takes the batch's own mean and variance and leaves them here, by layer, for the caller to dispose. */
  readonly moments?: BatchMoments;
  /** Frees activations as soon as nothing needs them any more; not while gradients are recorded. */
  readonly free?: boolean;
}

/** Mean and variance of each channel, `[c]`. */
export type BatchMoments = Map<string, { readonly mean: tf.Tensor; readonly variance: tf.Tensor }>;

type Step = (inputs: tf.Tensor[], options: RunOptions) => tf.Tensor;

/**
 * Compiles a graph with one input layer and one output (its last node) into a function `input -> output`.
 * The caller disposes the output; everything in between is gone when it returns, or belongs to the gradient tape.
 *
 * @throws EosinError `network/layer-kind`
 */
export function compileForward(
  api: typeof tf,
  graph: readonly LayerNode[],
): (input: tf.Tensor, options?: RunOptions) => tf.Tensor {
  const steps = graph.map((node) => ({ node, run: compileLayer(api, node) }));
  const uses = new Map<string, number>();
  for (const input of graph.flatMap((node) => node.inputs)) uses.set(input, (uses.get(input) ?? 0) + 1);
  return (input, options = {}) =>
    api.tidy(() => {
      const values = new Map<string, tf.Tensor>();
      const left = new Map(uses);
      for (const { node, run } of steps) {
        if (node.kind === 'InputLayer') {
          values.set(node.name, input.clone());
          continue;
        }
        values.set(
          node.name,
          run(
            node.inputs.map((name) => values.get(name)!),
            options,
          ),
        );
        if (options.free !== true) continue;
        for (const name of node.inputs) {
          left.set(name, left.get(name)! - 1);
          if (left.get(name) === 0) values.get(name)!.dispose();
        }
      }
      return values.get(graph.at(-1)!.name)!;
    });
}

function compileLayer(api: typeof tf, node: LayerNode): Step {
  const compile = LAYERS[node.kind];
  if (compile === undefined) throw unsupportedLayer(node, 'Eosin does not know this kind of layer');
  return compile(api, node);
}

const LAYERS: Readonly<Record<string, (api: typeof tf, node: LayerNode) => Step>> = {
  InputLayer:
    () =>
    ([x]) =>
      x!,
  ZeroPadding2D: (api, node) => {
    const [rows, columns] = node.config.padding as [[number, number], [number, number]];
    const pads: [number, number][] = [[0, 0], rows, columns, [0, 0]];
    return ([x]) => api.pad(x!, pads);
  },
  Conv2D: (api, node) => {
    const { strides, padding } = convolutionSettings(node);
    const kernel = weightOf(node, 'kernel')!.variable as tf.Variable<tf.Rank.R4>;
    const finish = biasAndActivation(api, node);
    return ([x]) => finish(api.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, strides, padding));
  },
  DepthwiseConv2D: (api, node) => {
    const { strides, padding } = convolutionSettings(node);
    const kernel = weightOf(node, 'depthwise_kernel')!.variable as tf.Variable<tf.Rank.R4>;
    const finish = biasAndActivation(api, node);
    return ([x]) => finish(api.depthwiseConv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, strides, padding));
  },
  BatchNormalization: (api, node) => {
    const axis = [node.config.axis].flat()[0] as number;
    if (axis !== -1 && axis !== node.shape.length)
      throw unsupportedLayer(node, 'it normalises another axis than channels');
    const value = (kind: string): tf.Tensor1D | undefined => weightOf(node, kind)?.variable as tf.Tensor1D | undefined;
    const [mean, variance] = [value('moving_mean')!, value('moving_variance')!];
    const [offset, scale] = [value('beta'), value('gamma')];
    const epsilon = node.config.epsilon as number;
    // Without a scale the gradient of TensorFlow.js 4.22 throws.
    const ones = (): tf.Tensor1D => api.ones([node.shape.at(-1)!]);
    return ([x], { moments }) => {
      if (!moments) return api.batchNorm(x!, mean, variance, offset, scale ?? ones(), epsilon);
      const normed = batchNormed(api, x!, epsilon);
      moments.set(node.name, { mean: api.keep(normed.mean), variance: api.keep(normed.variance) });
      return normed.value.mul(scale ?? 1).add(offset ?? 0);
    };
  },
  ReLU: (api, node) => {
    const limit = reluLimit(node);
    return ([x]) => (limit === 6 ? api.relu6(x!) : api.relu(x!));
  },
  Activation: (api, node) => activation(api, node),
  Softmax:
    (api) =>
    ([x]) =>
      api.softmax(x!),
  Add: () => (inputs) => inputs.reduce((sum, x) => sum.add(x)),
  Concatenate: (api) => (inputs) => api.concat(inputs, -1),
  MaxPooling2D: (api, node) => {
    const { poolSize, strides, padding } = poolingSettings(node);
    return ([x]) => api.maxPool(x as tf.Tensor4D, poolSize, strides, padding);
  },
  AveragePooling2D: (api, node) => {
    const { poolSize, strides, padding } = poolingSettings(node);
    return ([x]) => api.avgPool(x as tf.Tensor4D, poolSize, strides, padding);
  },
  GlobalAveragePooling2D:
    (api) =>
    ([x]) =>
      api.mean(x!, [1, 2]),
  GlobalMaxPooling2D:
    (api) =>
    ([x]) =>
      globalMax(api, x as tf.Tensor4D),
  Flatten:
    () =>
    ([x]) =>
      x!.reshape([x!.shape[0]!, -1]),
  Dense: (api, node) => {
    const kernel = weightOf(node, 'kernel')!.variable as tf.Variable<tf.Rank.R2>;
    const finish = biasAndActivation(api, node);
    return ([x]) => finish(api.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D));
  },
  Dropout: (api, node) => {
    const rate = node.config.rate as number;
    return ([x], { dropoutSeed }) => {
      if (dropoutSeed === undefined || rate === 0) return x!.clone();
      return x!.mul(dropoutMask(api, x!.shape, rate, dropoutSeed, node.name));
    };
  },
};

/** Strides and padding of a convolution that can also learn. */
export function convolutionSettings(node: LayerNode): { strides: [number, number]; padding: 'same' | 'valid' } {
  const dilation = [node.config.dilationRate ?? 1].flat() as number[];
  if (dilation.some((rate) => rate !== 1)) throw unsupportedLayer(node, 'it dilates');
  return { strides: node.config.strides as [number, number], padding: paddingOf(node) };
}

export function poolingSettings(node: LayerNode): {
  poolSize: [number, number];
  strides: [number, number];
  padding: 'same' | 'valid';
} {
  const { poolSize, strides } = node.config as { poolSize: [number, number]; strides: [number, number] };
  return { poolSize, strides, padding: paddingOf(node) };
}

/** 6 or infinity. */
export function reluLimit(node: LayerNode): number {
  const { maxValue, negativeSlope, threshold } = node.config as Record<string, number | null | undefined>;
  const limit = maxValue ?? Number.POSITIVE_INFINITY;
  if ((limit !== 6 && limit !== Number.POSITIVE_INFINITY) || negativeSlope || threshold) {
    throw unsupportedLayer(node, 'only relu and relu6 are known');
  }
  return limit;
}

export type ActivationName = 'linear' | 'relu' | 'relu6' | 'softmax';

/** The activation inside a layer. */
export function activationOf(node: LayerNode): ActivationName {
  const name = (node.config.activation as string | null | undefined) ?? 'linear';
  if (name === 'linear' || name === 'relu' || name === 'relu6' || name === 'softmax') return name;
  throw unsupportedLayer(node, `activation '${name}' is not known`);
}

function paddingOf(node: LayerNode): 'same' | 'valid' {
  if (node.config.dataFormat === 'channelsFirst') throw unsupportedLayer(node, 'its channels come first');
  return node.config.padding as 'same' | 'valid';
}

function activation(api: typeof tf, node: LayerNode): Step {
  const name = activationOf(node);
  if (name === 'relu') return ([x]) => api.relu(x!);
  if (name === 'relu6') return ([x]) => api.relu6(x!);
  if (name === 'softmax') return ([x]) => api.softmax(x!);
  return ([x]) => x!.clone();
}

function biasAndActivation(api: typeof tf, node: LayerNode): (x: tf.Tensor) => tf.Tensor {
  const bias = weightOf(node, 'bias')?.variable;
  const activate = activation(api, node);
  const linear = activationOf(node) === 'linear';
  return (x) => {
    const y = bias === undefined ? x : x.add(bias);
    return linear ? y : activate([y], {});
  };
}

/** The maximum over height and width; equal maxima share the gradient, as in TensorFlow. `[n, h, w, c]` -> `[n, c]` */
function globalMax(api: typeof tf, x: tf.Tensor4D): tf.Tensor {
  const run = api.customGrad((input, save) => {
    const picture = input as tf.Tensor4D;
    const value = api.max(picture, [1, 2], true); // [n, 1, 1, c]
    (save as unknown as (tensors: tf.Tensor[]) => void)([picture, value]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor => {
      const winners = saved[0]!.equal(saved[1]!).cast('float32'); // [n, h, w, c]
      return winners.mul(dy.div(winners.sum([1, 2], true)));
    };
    return { value, gradFunc };
  });
  return run(x).reshape([x.shape[0], x.shape[3]]);
}

/** `x` less its mean over its standard deviation, channel by channel, the variance that of all its values (not n - 1). */
function batchNormed(
  api: typeof tf,
  x: tf.Tensor,
  epsilon: number,
): { value: tf.Tensor; mean: tf.Tensor; variance: tf.Tensor } {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const mean = x.mean(axes, true); // [1, 1, 1, c]
  const centred = x.sub(mean);
  const variance = centred.square().mean(axes, true);
  const value = centred.div(variance.add(epsilon).sqrt());
  const channels = [x.shape.at(-1)!];
  return { value, mean: api.reshape(mean, channels).clone(), variance: api.reshape(variance, channels).clone() };
}

/** Zeros with probability `rate`, otherwise 1 / (1 - rate), so that the expected sum stays. */
function dropoutMask(api: typeof tf, shape: number[], rate: number, seed: number, layer: string): tf.Tensor {
  const random = randomFor(seed, 'dropout', layer);
  const count = shape.reduce((product, length) => product * length, 1);
  const values = Float32Array.from({ length: count }, () => (random.next() < rate ? 0 : 1 / (1 - rate)));
  return api.tensor(values, shape);
}
