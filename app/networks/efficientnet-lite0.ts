/**
 * EfficientNet-Lite0 (Tan 2019; the Lite variants of 2020): relu6 instead of swish, no squeeze-and-excitation. Layer names
 * are those of Keras' EfficientNetB0.
 *
 *     groups: stem, block1a, block2a, block2b ... block7a, top      channels: 32, 16, 24, 24 ... 320, 1280
 */
import type { Architecture } from './backbone.ts';
import type { GroupPlan, LayerPlan } from './blueprint.ts';
import { preprocessings } from './preprocessings.ts';

/** Kernel, repeats, output channels, expansion and first stride of each stage. */
const STAGES = [
  [3, 1, 16, 1, 1],
  [3, 2, 24, 6, 2],
  [5, 2, 40, 6, 2],
  [3, 3, 80, 6, 2],
  [5, 3, 112, 6, 1],
  [5, 4, 192, 6, 2],
  [3, 1, 320, 6, 1],
] as const;

const epsilon = 1e-3;

function plan(): GroupPlan[] {
  const groups: GroupPlan[] = [
    {
      name: 'stem',
      channels: 32,
      layers: [
        { kind: 'padding', name: 'stem_conv_pad', pad: { kernel: 3 } },
        { kind: 'convolution', name: 'stem_conv', filters: 32, kernel: 3, stride: 2, padding: 'valid', bias: false },
        { kind: 'batch-norm', name: 'stem_bn', epsilon },
        { kind: 'relu6', name: 'stem_activation' },
      ],
    },
  ];
  for (const [s, [kernel, repeats, channels, expansion, firstStride]] of STAGES.entries()) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const name = `block${s + 1}${'abcd'[repeat]}`;
      groups.push(block(name, groups.at(-1)!, kernel, channels, expansion, repeat === 0 ? firstStride : 1));
    }
  }
  const top: LayerPlan[] = [
    point('top_conv', 1280),
    { kind: 'batch-norm', name: 'top_bn', epsilon },
    { kind: 'relu6', name: 'top_activation' },
  ];
  return [...groups, { name: 'top', channels: 1280, layers: top }];
}

function block(
  name: string,
  below: GroupPlan,
  kernel: number,
  channels: number,
  expansion: number,
  stride: 1 | 2,
): GroupPlan {
  const expand: LayerPlan[] = [
    point(`${name}_expand_conv`, expansion * below.channels),
    { kind: 'batch-norm', name: `${name}_expand_bn`, epsilon },
    { kind: 'relu6', name: `${name}_expand_activation` },
  ];
  const residual = stride === 1 && below.channels === channels;
  const project = `${name}_project_bn`;
  const layers: LayerPlan[] = [
    ...(expansion === 1 ? [] : expand),
    ...(stride === 2 ? [{ kind: 'padding', name: `${name}_dwconv_pad`, pad: { kernel } } as const] : []),
    { kind: 'depthwise', name: `${name}_dwconv`, kernel, stride, padding: stride === 2 ? 'valid' : 'same' },
    { kind: 'batch-norm', name: `${name}_bn`, epsilon },
    { kind: 'relu6', name: `${name}_activation` },
    point(`${name}_project_conv`, channels),
    { kind: 'batch-norm', name: project, epsilon },
    ...(residual ? [{ kind: 'add', name: `${name}_add`, inputs: [project, below.layers.at(-1)!.name] } as const] : []),
  ];
  return { name, channels, layers };
}

function point(name: string, filters: number): LayerPlan {
  return { kind: 'convolution', name, filters, kernel: 1, stride: 1, padding: 'same', bias: false };
}

export const efficientNetLite0: Architecture = {
  name: 'efficientnet-lite0',
  title: 'EfficientNet-Lite0',
  minSizePx: 32,
  plan: plan(),
  ownHead: [],
  preprocessing: preprocessings.lite,
};
