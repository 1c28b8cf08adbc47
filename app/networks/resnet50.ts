/**
 * ResNet50 (He 2016): Keras' v1, and torchvision's 'v1.5', which strides in the 3x3 convolution and has no biases.
 *
 *     groups: stem, conv2_block1 ... conv5_block3      channels: 64, 256 ... 2048
 */
import type { Architecture, Preprocessing } from './backbone.ts';
import type { GroupPlan, LayerPlan } from './blueprint.ts';
import { preprocessings } from './preprocessings.ts';

interface Flavour {
  /** Which convolution of a block takes the stride. */
  readonly strideAt: '1x1' | '3x3';
  readonly bias: boolean;
  readonly epsilon: number;
  /** Of the averages of normalisation. */
  readonly momentum: number;
}

/** Blocks, and channels inside a block, of conv2 to conv5. */
const STACKS = [
  [3, 64],
  [4, 128],
  [6, 256],
  [3, 512],
] as const;

function resNet50(name: string, flavour: Flavour, preprocessing: Preprocessing): Architecture {
  const stem: GroupPlan = {
    name: 'stem',
    channels: 64,
    layers: [
      { kind: 'padding', name: 'conv1_pad', pad: 3 },
      ...convolution(flavour, 'conv1', 64, 7, 2, 'valid'),
      { kind: 'relu', name: 'conv1_relu' },
      { kind: 'padding', name: 'pool1_pad', pad: 1 },
      { kind: 'max-pooling', name: 'pool1_pool', size: 3, stride: 2 },
    ],
  };
  const plan = [stem];
  for (const [s, [blocks, channels]] of STACKS.entries()) {
    for (let b = 1; b <= blocks; b++) {
      const stride = s > 0 && b === 1 ? 2 : 1;
      plan.push(block(flavour, `conv${s + 2}_block${b}`, plan.at(-1)!, channels, stride));
    }
  }
  return { name, title: 'ResNet50', minSizePx: 32, plan, ownHead: [], preprocessing };
}

/** 1x1, 3x3, 1x1 with four times the channels; the input is added, through a 1x1 convolution where channels change. */
function block(flavour: Flavour, name: string, below: GroupPlan, channels: number, stride: 1 | 2): GroupPlan {
  const input = below.layers.at(-1)!.name;
  const wide = 4 * channels;
  const project = below.channels !== wide;
  const [first, second] = flavour.strideAt === '1x1' ? [stride, 1] : [1, stride];
  const from = (layers: LayerPlan[]): LayerPlan[] => [{ ...layers[0]!, inputs: [input] }, ...layers.slice(1)];
  // 'same' pads an even side behind only when it strides: torchvision pads one px on each side, as for an odd side.
  const pad: LayerPlan[] = second === 2 ? [{ kind: 'padding', name: `${name}_2_pad`, pad: 1 }] : [];
  const layers: LayerPlan[] = [
    ...(project ? from(convolution(flavour, `${name}_0`, wide, 1, stride, 'valid')) : []),
    ...from(convolution(flavour, `${name}_1`, channels, 1, first as 1 | 2, 'valid')),
    { kind: 'relu', name: `${name}_1_relu` },
    ...pad,
    ...convolution(flavour, `${name}_2`, channels, 3, second as 1 | 2, second === 2 ? 'valid' : 'same'),
    { kind: 'relu', name: `${name}_2_relu` },
    ...convolution(flavour, `${name}_3`, wide, 1, 1, 'valid'),
    { kind: 'add', name: `${name}_add`, inputs: [project ? `${name}_0_bn` : input, `${name}_3_bn`] },
    { kind: 'relu', name: `${name}_out` },
  ];
  return { name, channels: wide, layers };
}

function convolution(
  { bias, epsilon, momentum }: Flavour,
  name: string,
  filters: number,
  kernel: number,
  stride: 1 | 2,
  padding: 'same' | 'valid',
): LayerPlan[] {
  return [
    { kind: 'convolution', name: `${name}_conv`, filters, kernel, stride, padding, bias },
    { kind: 'batch-norm', name: `${name}_bn`, epsilon, momentum },
  ];
}

export const resNet50Keras = resNet50(
  'resnet50',
  { strideAt: '1x1', bias: true, epsilon: 1.001e-5, momentum: 0.99 },
  preprocessings.caffe,
);

export const resNet50Torchvision = resNet50(
  'resnet50-torchvision',
  { strideAt: '3x3', bias: false, epsilon: 1e-5, momentum: 0.9 },
  preprocessings.torchvision,
);
