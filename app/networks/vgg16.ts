/**
 * VGG16 (Simonyan 2015, configuration D) with its own dense layers above, for a recipe that keeps the head.
 *
 *     groups: block1 ... block5      channels: 64, 128, 256, 512, 512      own head: flatten, fc1, fc2
 */
import type { Architecture } from './backbone.ts';
import type { GroupPlan } from './blueprint.ts';
import { preprocessings } from './preprocessings.ts';

/** Convolutions and channels of each block. */
const BLOCKS = [
  [2, 64],
  [2, 128],
  [3, 256],
  [3, 512],
  [3, 512],
] as const;

export const vgg16: Architecture = {
  name: 'vgg16',
  title: 'VGG16',
  minSizePx: 32,
  plan: BLOCKS.map(([convolutions, filters], i): GroupPlan => {
    const name = `block${i + 1}`;
    const settings = {
      kind: 'convolution',
      filters,
      kernel: 3,
      stride: 1,
      padding: 'same',
      bias: true,
      relu: true,
    } as const;
    const layers = Array.from({ length: convolutions }, (_, c) => ({ ...settings, name: `${name}_conv${c + 1}` }));
    return {
      name,
      channels: filters,
      layers: [...layers, { kind: 'max-pooling', name: `${name}_pool`, size: 2, stride: 2 }],
    };
  }),
  ownHead: [
    { kind: 'flatten', name: 'flatten' },
    { kind: 'dense', name: 'fc1', units: 4096, relu: true },
    { kind: 'dense', name: 'fc2', units: 4096, relu: true },
  ],
  preprocessing: preprocessings.caffe,
};
