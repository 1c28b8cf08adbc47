/**
 * How publishers name weights and lay them out, turned into Keras' names and layout:
 *
 *     PyTorch   convolution [out, in, h, w]   depthwise [channel, 1, h, w]   dense [out, in]
 *     Keras     convolution [h, w, in, out]   depthwise [h, w, channel, 1]   dense [in, out]
 */
import type { StoredTensor, StoredTensors } from './stored-tensor.ts';

export interface Dialect {
  /** For people: `torchvision`. */
  readonly name: string;
  /** The architecture that weights of this dialect fill. */
  readonly architecture: string;
  /** What networks of this publisher are fed; absent: what the architecture usually wants. */
  readonly feeds?: 'torchvision';
  /** Keras' name of a tensor; null for what the network has no place for. */
  rename(name: string): string | null;
  /** Dense layers that read a flattened map of these channels, side and side: their inputs change order. */
  readonly flattened?: Readonly<Record<string, readonly [number, number]>>;
}

const norms: Readonly<Record<string, string>> = {
  weight: 'gamma',
  bias: 'beta',
  running_mean: 'moving_mean',
  running_var: 'moving_variance',
};

/** `LAYER.weight` -> `layer/kernel`; `norm` layers have four. */
function renamed(layer: string | undefined, part: string, kind: 'kernel' | 'depthwise_kernel' | 'norm'): string | null {
  if (layer === undefined) return null;
  if (kind === 'norm') return part in norms ? `${layer}/${norms[part]}` : null;
  return part === 'weight' ? `${layer}/${kind}` : part === 'bias' ? `${layer}/bias` : null;
}

/** `layer2.0.conv1.weight` -> `conv3_block1_1_conv/kernel` */
function resNet(name: string): string | null {
  const parts = name.split('.');
  const last = parts.at(-1)!;
  if (name.startsWith('conv1.')) return renamed('conv1_conv', last, 'kernel');
  if (name.startsWith('bn1.')) return renamed('conv1_bn', last, 'norm');
  const block = /^layer([1-4])\.(\d+)\.(?:conv|bn|downsample\.)(\d)\./.exec(name);
  if (block === null) return null;
  const [, stack, index, number] = block.map(Number) as [number, number, number, number];
  const prefix = `conv${stack + 1}_block${index + 1}`;
  if (name.includes('.downsample.')) {
    return number === 0 ? renamed(`${prefix}_0_conv`, last, 'kernel') : renamed(`${prefix}_0_bn`, last, 'norm');
  }
  return name.includes('.conv')
    ? renamed(`${prefix}_${number}_conv`, last, 'kernel')
    : renamed(`${prefix}_${number}_bn`, last, 'norm');
}

/** `features.2.conv.0.0.weight` -> `block_1_expand/kernel` */
function mobileNet(name: string): string | null {
  const parts = name.split('.');
  const [first, number, ...rest] = parts;
  const last = parts.at(-1)!;
  if (first !== 'features') return null;
  const index = Number(number);
  if (index === 0) return rest[0] === '0' ? renamed('Conv1', last, 'kernel') : renamed('bn_Conv1', last, 'norm');
  if (index === 18) return rest[0] === '0' ? renamed('Conv_1', last, 'kernel') : renamed('Conv_1_bn', last, 'norm');
  if (rest[0] !== 'conv') return null;
  const block = index === 1 ? 'expanded_conv' : `block_${index - 1}`;
  // The first block does not expand: its steps are one fewer.
  const step = Number(rest[1]) + (index === 1 ? 1 : 0);
  const inner = rest.length === 4 ? rest[2] : null;
  if (step === 0)
    return inner === '0' ? renamed(`${block}_expand`, last, 'kernel') : renamed(`${block}_expand_BN`, last, 'norm');
  if (step === 1) {
    return inner === '0'
      ? renamed(`${block}_depthwise`, last, 'depthwise_kernel')
      : renamed(`${block}_depthwise_BN`, last, 'norm');
  }
  return step === 2 ? renamed(`${block}_project`, last, 'kernel') : renamed(`${block}_project_BN`, last, 'norm');
}

/** Places in torchvision's `features` of each block's convolutions. */
const vggPlaces = [
  [0, 2],
  [5, 7],
  [10, 12, 14],
  [17, 19, 21],
  [24, 26, 28],
];
const vggLayers = new Map<string, string>([
  ...vggPlaces.flatMap((places, block) =>
    places.map((place, i) => [`features.${place}`, `block${block + 1}_conv${i + 1}`] as const),
  ),
  ['classifier.0', 'fc1'],
  ['classifier.3', 'fc2'],
]);

/** `features.28.weight` -> `block5_conv3/kernel`, `classifier.0.weight` -> `fc1/kernel` */
function vgg(name: string): string | null {
  const [first, number, part = ''] = name.split('.');
  return renamed(vggLayers.get(`${first}.${number}`), part, 'kernel');
}

/** Names of block 0 to 15 of EfficientNet-Lite0. */
const liteBlocks = [1, 2, 2, 3, 3, 4, 1].flatMap((repeats, stage) =>
  Array.from({ length: repeats }, (_, repeat) => `block${stage + 1}${'abcd'[repeat]}`),
);
const liteLayers: Readonly<Record<string, readonly [string, 'kernel' | 'depthwise_kernel' | 'norm']>> = {
  _expand_conv: ['_expand_conv', 'kernel'],
  _bn0: ['_expand_bn', 'norm'],
  _depthwise_conv: ['_dwconv', 'depthwise_kernel'],
  _bn1: ['_bn', 'norm'],
  _project_conv: ['_project_conv', 'kernel'],
  _bn2: ['_project_bn', 'norm'],
};

/** `_blocks.1._bn0.weight` -> `block2a_expand_bn/gamma` */
function efficientNetLite(name: string): string | null {
  const parts = name.split('.');
  const last = parts.at(-1)!;
  if (parts[0] === '_blocks') {
    const [own, kind] = liteLayers[parts[2]!] ?? [];
    const block = liteBlocks[Number(parts[1])];
    return own === undefined || block === undefined ? null : renamed(`${block}${own}`, last, kind!);
  }
  if (parts[0] === '_conv_stem') return renamed('stem_conv', last, 'kernel');
  if (parts[0] === '_bn0') return renamed('stem_bn', last, 'norm');
  if (parts[0] === '_conv_head') return renamed('top_conv', last, 'kernel');
  return parts[0] === '_bn1' ? renamed('top_bn', last, 'norm') : null;
}

export const torchDialects: readonly Dialect[] = [
  { name: 'torchvision', architecture: 'resnet50-torchvision', rename: resNet },
  { name: 'torchvision', architecture: 'mobilenet-v2-torchvision', rename: mobileNet },
  {
    name: 'torchvision',
    architecture: 'vgg16',
    feeds: 'torchvision',
    rename: vgg,
    flattened: { 'fc1/kernel': [512, 7] },
  },
  { name: 'efficientnet_lite_pytorch', architecture: 'efficientnet-lite0', rename: efficientNetLite },
];

export interface Translated {
  readonly tensors: StoredTensors;
  /** Keras' name -> the name in the file, for a report in the file's own words. */
  readonly origin: ReadonlyMap<string, string>;
  /** Names in the file that have no place. */
  readonly strange: readonly string[];
}

/** A file's tensors by Keras' names, in Keras' layout. */
export function translate(found: StoredTensors, dialect: Dialect): Translated {
  const tensors = new Map<string, StoredTensor>();
  const origin = new Map<string, string>();
  const strange: string[] = [];
  for (const [name, tensor] of found) {
    const ours = dialect.rename(name);
    if (ours === null) {
      strange.push(name);
      continue;
    }
    tensors.set(ours, inKerasLayout(ours, tensor, dialect.flattened?.[ours]));
    origin.set(ours, name);
  }
  return { tensors, origin, strange };
}

function inKerasLayout(name: string, tensor: StoredTensor, flattened?: readonly [number, number]): StoredTensor {
  const { shape } = tensor;
  if (name.endsWith('/depthwise_kernel') && shape.length === 4) return transposed(tensor, [2, 3, 0, 1]);
  if (name.endsWith('/kernel') && shape.length === 4) return transposed(tensor, [2, 3, 1, 0]);
  if (!name.endsWith('/kernel') || shape.length !== 2) return tensor;
  const [outputs, inputs] = shape as [number, number];
  if (flattened === undefined || inputs !== flattened[0] * flattened[1] ** 2) return transposed(tensor, [1, 0]);
  const [channels, side] = flattened;
  const spread = transposed({ shape: [outputs, channels, side, side], values: tensor.values }, [2, 3, 1, 0]);
  return { shape: [inputs, outputs], values: spread.values };
}

/** Axis i of the result is axis `axes[i]` of `tensor`. */
export function transposed({ shape, values }: StoredTensor, axes: readonly number[]): StoredTensor {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const to = axes.map((axis) => shape[axis]!);
  const steps = axes.map((axis) => strides[axis]!);
  const moved = new Float32Array(values.length);
  const index = to.map(() => 0);
  let at = 0;
  for (let i = 0; i < moved.length; i++) {
    moved[i] = values[at]!;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      at += steps[axis]!;
      if (++index[axis]! < to[axis]!) break;
      at -= steps[axis]! * to[axis]!;
      index[axis] = 0;
    }
  }
  return { shape: to, values: moved };
}
