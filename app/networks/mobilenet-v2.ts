/**
 * MobileNetV2 (Sandler 2018, width 1.0), as Keras builds it.
 *
 *     groups: stem, block_1 ... block_16, top      channels: 16, 24 ... 320, 1280
 */
import { type Architecture, backboneOf, type Preprocessing } from './backbone.ts';
import type { GroupPlan, LayerPlan } from './blueprint.ts';
import { preprocessings } from './preprocessings.ts';

/** Output channels and stride of block_1 to block_16. */
const BLOCKS: readonly (readonly [number, 1 | 2])[] = [
  [24, 2],
  [24, 1],
  [32, 2],
  [32, 1],
  [32, 1],
  [64, 2],
  [64, 1],
  [64, 1],
  [64, 1],
  [96, 1],
  [96, 1],
  [96, 1],
  [160, 2],
  [160, 1],
  [160, 1],
  [320, 1],
];
/** Channels inside a block, as a multiple of its input's. */
const EXPANSION = 6;

interface Flavour {
  readonly epsilon: number;
  /** Of the averages of normalisation. */
  readonly momentum: number;
  /** What goes before a convolution with stride 2: Keras fits it to the size, torchvision always pads one px on each side. */
  readonly pad: number | { readonly kernel: number };
}

function mobileNet(name: string, { epsilon, momentum, pad }: Flavour, preprocessing: Preprocessing): Architecture {
  const point = (layer: string, filters: number): LayerPlan => {
    return { kind: 'convolution', name: layer, filters, kernel: 1, stride: 1, padding: 'same', bias: false };
  };
  const norm = (layer: string): LayerPlan => ({ kind: 'batch-norm', name: layer, epsilon, momentum });
  const relu = (layer: string): LayerPlan => ({ kind: 'relu6', name: layer });
  const depthwise = (block: string, stride: 1 | 2): LayerPlan[] => [
    ...(stride === 2 ? [{ kind: 'padding', name: `${block}_pad`, pad } as const] : []),
    { kind: 'depthwise', name: `${block}_depthwise`, kernel: 3, stride, padding: stride === 2 ? 'valid' : 'same' },
    norm(`${block}_depthwise_BN`),
    relu(`${block}_depthwise_relu`),
  ];
  const stem: GroupPlan = {
    name: 'stem',
    channels: 16,
    layers: [
      { kind: 'padding', name: 'Conv1_pad', pad },
      { kind: 'convolution', name: 'Conv1', filters: 32, kernel: 3, stride: 2, padding: 'valid', bias: false },
      norm('bn_Conv1'),
      relu('Conv1_relu'),
      ...depthwise('expanded_conv', 1),
      point('expanded_conv_project', 16),
      norm('expanded_conv_project_BN'),
    ],
  };
  let below = stem;
  const blocks = BLOCKS.map(([channels, stride], i): GroupPlan => {
    const block = `block_${i + 1}`;
    const input = below.layers.at(-1)!.name;
    const project = `${block}_project_BN`;
    const residual = stride === 1 && below.channels === channels;
    const layers = [
      point(`${block}_expand`, EXPANSION * below.channels),
      norm(`${block}_expand_BN`),
      relu(`${block}_expand_relu`),
      ...depthwise(block, stride),
      point(`${block}_project`, channels),
      norm(project),
      ...(residual ? [{ kind: 'add', name: `${block}_add`, inputs: [input, project] } as const] : []),
    ];
    below = { name: block, channels, layers };
    return below;
  });
  const top: GroupPlan = {
    name: 'top',
    channels: 1280,
    layers: [point('Conv_1', 1280), norm('Conv_1_bn'), relu('out_relu')],
  };
  const plan = [stem, ...blocks, top];
  return { name, title: 'MobileNetV2', minSizePx: 32, plan, ownHead: [], preprocessing };
}

/** As Keras builds it; its weights want [-1, 1]. */
export const mobileNetV2Keras = mobileNet(
  'mobilenet-v2',
  { epsilon: 1e-3, momentum: 0.999, pad: { kernel: 3 } },
  preprocessings['minus-one-to-one'],
);

/** As torchvision builds it. */
export const mobileNetV2Torchvision = mobileNet(
  'mobilenet-v2-torchvision',
  { epsilon: 1e-5, momentum: 0.9, pad: 1 },
  preprocessings.torchvision,
);

/** With the weights that come with npm; nsfwjs feeds its network [0, 1]. */
export const mobileNetV2 = backboneOf(mobileNetV2Keras, {
  preprocessing: preprocessings['zero-to-one'],
  provenance:
    'MobileNetV2 (width 1.0) from npm nsfwjs 4.4.0, MIT licence, 8-bit weights. Blocks up to block_10 are the ImageNet ' +
    'weights of Keras untouched; later blocks were tuned by nsfwjs for another purpose and should be re-trained or left out.',
});
