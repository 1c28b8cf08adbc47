/** A small layers model with every kind of layer that a backbone uses, and formula weights; a Backbone for tests. */
import type * as tf from '@tensorflow/tfjs';
import type { Backbone } from '../../app/networks/backbone.ts';

/** Numbers in [-1, 1] that a name and an index decide. */
export function formula(name: string, count: number): Float32Array {
  const phase = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7);
  return Float32Array.from({ length: count }, (_, i) => Math.sin(phase + i * 2.399));
}

/** Pictures with structure: waves of another frequency in each channel. */
export function pictures(count: number, sizePx: number): Uint8Array {
  return Uint8Array.from({ length: count * sizePx * sizePx * 3 }, (_, i) => {
    const [channel, x, y] = [i % 3, Math.floor(i / 3) % sizePx, Math.floor(i / 3 / sizePx)];
    return 127 + 90 * Math.sin(x * 0.11 * (channel + 1)) * Math.cos(y * 0.07) + 37 * Math.sin(i * 1.7);
  });
}

/**
 *     input -> [first] conv s2 'same', BN, relu6, depthwise s2 'same', BN -> [second] padding, conv, relu, max pooling,
 *     concatenation with average pooling -> [third] BN alone, conv with bias and relu, addition
 */
export function smallModel(api: typeof tf, sizePx: number): tf.LayersModel {
  const { layers } = api;
  const input = api.input({ shape: [sizePx, sizePx, 3], name: 'picture' });
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]): tf.SymbolicTensor =>
    layer.apply(x) as tf.SymbolicTensor;
  const conv = (name: string, filters: number, kernelSize: number, strides: number, more = {}): tf.layers.Layer =>
    layers.conv2d({ name, filters, kernelSize, strides, padding: 'same', useBias: false, ...more });
  let x = apply(conv('c1', 6, 3, 2), input);
  x = apply(layers.batchNormalization({ name: 'c1_bn' }), x);
  x = apply(layers.reLU({ name: 'c1_relu', maxValue: 6 }), x);
  x = apply(
    layers.depthwiseConv2d({
      name: 'd1',
      kernelSize: 3,
      strides: 2,
      padding: 'same',
      useBias: false,
      depthMultiplier: 2,
    }),
    x,
  );
  const first = apply(layers.batchNormalization({ name: 'first_out', scale: false }), x); // 12 channels
  x = apply(layers.zeroPadding2d({ name: 'pad', padding: [[1, 2], [0, 1]] }), first); // biome-ignore format: one line
  x = apply(conv('c2', 8, 2, 1, { padding: 'valid', useBias: true, activation: 'relu' }), x);
  x = apply(layers.zeroPadding2d({ name: 'pad_pool', padding: [[1, 1], [1, 1]] }), x); // biome-ignore format: one line
  const pooled = apply(layers.maxPooling2d({ name: 'pool', poolSize: 3, strides: 2, padding: 'same' }), x);
  const averaged = apply(layers.averagePooling2d({ name: 'average', poolSize: 3, strides: 2, padding: 'same' }), x);
  const second = apply(layers.concatenate({ name: 'second_out' }), [pooled, averaged]); // 16 channels
  x = apply(layers.batchNormalization({ name: 'pre_bn' }), second);
  x = apply(layers.activation({ name: 'pre_relu', activation: 'relu' }), x);
  x = apply(conv('c3', 16, 1, 1, { useBias: true }), x);
  const third = apply(layers.add({ name: 'third_out' }), [x, second]);
  const model = api.model({ inputs: input, outputs: third, name: 'small' });
  for (const layer of model.layers) {
    const values = layer.weights.map((weight) => {
      const shape = weight.shape as number[];
      const wave = formula(
        weight.originalName,
        shape.reduce((a, b) => a * b, 1),
      );
      const positive = /variance$|gamma$/.test(weight.originalName);
      return api.tensor(positive ? wave.map((v) => 1 + 0.5 * v) : wave.map((v) => 0.5 * v), shape);
    });
    layer.setWeights(values);
    api.dispose(values);
  }
  return model;
}

export const smallBackbone: Backbone = {
  name: 'small',
  preprocessing: { channels: 'bgr', mean: [103.939, 116.779, 123.68], scale: [1, 2, 58] },
  provenance: 'a formula',
  minSizePx: 8,
  groups: [
    { name: 'first', output: 'first_out', layers: ['c1', 'c1_bn', 'c1_relu', 'd1', 'first_out'], channels: 12 },
    {
      name: 'second',
      output: 'second_out',
      layers: ['pad', 'c2', 'pad_pool', 'pool', 'average', 'second_out'],
      channels: 16,
    },
    { name: 'third', output: 'third_out', layers: ['pre_bn', 'pre_relu', 'c3', 'third_out'], channels: 16 },
  ],
  ownHead: [],
  build: async (api, _weights, sizePx) => smallModel(api, sizePx),
};

/** Pixels as a backbone wants them: `[n, size, size, channels]`. */
export function preprocessed(api: typeof tf, backbone: Backbone, pixels: Uint8Array, sizePx: number): tf.Tensor4D {
  const { channels, mean, scale } = backbone.preprocessing;
  const values = Float32Array.from(pixels, (_, i) => {
    const channel = i % 3;
    const from = channels === 'bgr' ? i - channel + (2 - channel) : i;
    return (pixels[from]! - mean[channel]!) / scale[channel]!;
  });
  return api.tensor4d(values, [pixels.length / (sizePx * sizePx * 3), sizePx, sizePx, 3]);
}
