/**
 * Runs a layer graph with plain TensorFlow.js operations instead of the layers' own `call`, because these
 *  - move the averages of a frozen BatchNormalization in training; here it always runs in inference mode,
 *  - fuse convolutions, whose gradient then computes what nobody asked for,
 *  - draw dropout masks that no seed decides.
 */
import type * as tf from '@tensorflow/tfjs';
import { randomFor } from '../core/random.ts';
import { batchNormRelu } from '../engine/batch-norm-relu.ts';
import { leanAdd, leanBias } from '../engine/lean-add.ts';
import { fuseActivations } from './fuse-activations.ts';
import { type LayerNode, unsupportedLayer, weightOf } from './layer-graph.ts';
import { activationOf, convolutionSettings, poolingSettings, reluLimit, reluLimitOf } from './layer-settings.ts';

export interface RunOptions {
  /** Given: dropout is on, and this number alone decides the masks. */
  readonly dropoutSeed?: number;
  /** Given: BatchNormalization takes the batch's own mean and variance and leaves them here, by layer, for the caller to dispose. */
  readonly moments?: BatchMoments;
}

/** Mean and variance of each channel, `[c]`. */
export type BatchMoments = Map<string, { readonly mean: tf.Tensor; readonly variance: tf.Tensor }>;

type Step = (inputs: tf.Tensor[], options: RunOptions) => tf.Tensor;

/**
 * Compiles a graph with one input layer and one output (its last node) into a function `input -> output`.
 * An activation is freed as soon as no layer needs it any more, unless the gradient tape keeps it for the way back; the caller
 * disposes the output.
 *
 * @throws EosinError `network/layer-kind`
 */
export function compileForward(
  api: typeof tf,
  graph: readonly LayerNode[],
): (input: tf.Tensor, options?: RunOptions) => tf.Tensor {
  const steps = fuseActivations(graph).map((node) => ({ node, run: compileLayer(api, node) }));
  const uses = new Map<string, number>();
  for (const input of steps.flatMap(({ node }) => node.inputs)) uses.set(input, (uses.get(input) ?? 0) + 1);
  return (input, options = {}) =>
    api.tidy(() => {
      const values = new Map<string, tf.Tensor>();
      const left = new Map(uses);
      for (const { node, run } of steps) {
        if (node.kind === 'InputLayer') {
          values.set(node.name, input.clone());
          continue;
        }
        const inputs = node.inputs.map((name) => values.get(name)!);
        values.set(
          node.name,
          api.tidy(() => run(inputs, options)),
        );
        for (const name of node.inputs) {
          left.set(name, left.get(name)! - 1);
          if (left.get(name) === 0) values.get(name)!.dispose();
        }
      }
      return values.get(steps.at(-1)!.node.name)!;
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
    const constant = (value: number): tf.Tensor1D => api.fill([node.shape.at(-1)!], value) as tf.Tensor1D;
    const activate = activation(api, node);
    const cap = reluLimitOf(activationOf(node));
    return ([x], options) => {
      const { moments } = options;
      if (moments) {
        const normed = batchNormed(api, x!, epsilon);
        moments.set(node.name, { mean: api.keep(normed.mean), variance: api.keep(normed.variance) });
        return activate([normed.value.mul(scale ?? 1).add(offset ?? 0)], options);
      }
      const constants = { mean, variance, offset: offset ?? constant(0), scale: scale ?? constant(1), epsilon };
      if (cap !== null) return batchNormRelu(api, x!, constants, cap);
      return api.batchNorm(x!, mean, variance, constants.offset, constants.scale, epsilon);
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
  Add: (api) => (inputs) => inputs.reduce((sum, x) => leanAdd(api, sum, x)),
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
    const y = bias === undefined ? x : leanBias(api, x, bias);
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
