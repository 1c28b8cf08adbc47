/** The order in which Keras keeps the layers of a network, for files that number layers instead of naming them. */
import type { LayerPlan } from '../networks/blueprint.ts';
import type { StoredTensor, StoredTensors } from './stored-tensor.ts';

/** What Keras calls a kind of layer where it numbers them. */
const classes: Readonly<Record<string, string>> = {
  convolution: 'conv2d',
  depthwise: 'depthwise_conv2d',
  'batch-norm': 'batch_normalization',
  dense: 'dense',
};

/** By the distance to the output, farthest first; layers at the same distance as they were made (Keras: `map_graph_network`). */
export function kerasLayerOrder(layers: readonly LayerPlan[]): LayerPlan[] {
  const readers = new Map<string, string[]>(layers.map(({ name }) => [name, []]));
  for (const [i, { name, inputs }] of layers.entries()) {
    for (const input of inputs ?? [layers[i - 1]?.name ?? '']) readers.get(input)?.push(name);
  }
  const distances = new Map<string, number>();
  for (const { name } of layers.toReversed()) {
    distances.set(name, Math.max(-1, ...readers.get(name)!.map((reader) => distances.get(reader)!)) + 1);
  }
  return layers.toSorted((a, b) => distances.get(b.name)! - distances.get(a.name)!);
}

/** `conv2d_3/kernel` -> `block2_conv2/kernel`; other names stay. */
export function nameNumberedLayers(tensors: StoredTensors, layers: readonly LayerPlan[]): Map<string, StoredTensor> {
  const counts = new Map<string, number>();
  const names = new Map<string, string>();
  for (const { kind, name } of kerasLayerOrder(layers)) {
    const own = classes[kind];
    if (own === undefined) continue;
    const index = counts.get(own) ?? 0;
    counts.set(own, index + 1);
    names.set(index === 0 ? own : `${own}_${index}`, name);
  }
  return new Map(
    [...tensors].map(([name, tensor]) => {
      const [layer = '', kind] = name.split('/');
      return [names.has(layer) ? `${names.get(layer)}/${kind}` : name, tensor];
    }),
  );
}
