/**
 * Entry file: reads Keras' HDF5 files through h5wasm, all three kinds:
 *
 *     whole model          /model_weights/LAYER/.../LAYER/kernel:0
 *     weights only, .h5    /LAYER/.../LAYER/kernel:0                       (published ones of 2016: LAYER_W_1:0)
 *     .weights.h5          /layers/conv2d_3/vars/0, with the layer's name as an attribute since Keras 3.4
 */
import { Dataset, File, Group, ready } from 'h5wasm/node';
import { brokenWeights, elementCount, numberLimit, type StoredTensor, type StoredTensors } from './stored-tensor.ts';

const depthLimit = 12;
const entryLimit = 20_000;
/** As HDF5 describes numbers, little-endian: float32, float64. */
const floats: ReadonlySet<unknown> = new Set(['<f', '<d', '<f4', '<f8']);

/** What the numbered variables of a layer are, by its class. */
const variables: Readonly<Record<string, readonly string[]>> = {
  conv2d: ['kernel', 'bias'],
  depthwise_conv2d: ['depthwise_kernel', 'bias'],
  batch_normalization: ['gamma', 'beta', 'moving_mean', 'moving_variance'],
  dense: ['kernel', 'bias'],
};

/**
 * Tensors by `layer/kind`. Where a `.weights.h5` does not name its layers, `layer` is its class and number: `conv2d_3`.
 *
 * @throws EosinError `weights/broken`
 */
export async function readKerasH5(file: string): Promise<StoredTensors> {
  await ready;
  let opened: File;
  try {
    opened = new File(file, 'r');
    if (opened.file_id < 0) throw new Error('no HDF5 file');
  } catch (cause) {
    throw brokenWeights('it is no HDF5 file', cause);
  }
  try {
    return collect(opened);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) throw cause;
    throw brokenWeights('HDF5 cannot read it', cause);
  } finally {
    opened.close();
  }
}

function collect(file: File): StoredTensors {
  const tensors = new Map<string, StoredTensor>();
  const root = file.get('model_weights');
  let entries = 0;
  let numbers = 0;
  const visit = (group: Group, path: readonly string[]): void => {
    if (path.length > depthLimit) throw brokenWeights('its groups lie too deep');
    for (const key of group.keys()) {
      if (++entries > entryLimit) throw brokenWeights('it has too many entries');
      // What an optimizer remembers is no part of the network.
      if (path.length === 0 && key.startsWith('optimizer')) continue;
      const entry = group.get(key);
      if (entry instanceof Group) visit(entry, [...path, key]);
      if (!(entry instanceof Dataset) || !floats.has(entry.dtype)) continue;
      const shape = entry.shape ?? [];
      numbers += elementCount(shape);
      if (!(numbers <= numberLimit)) throw brokenWeights('it holds more than 2 GiB of numbers');
      const name = nameOf(key, path, group);
      if (name !== null)
        tensors.set(name, { shape: [...shape], values: Float32Array.from(entry.value as Float32Array) });
    }
  };
  visit(root instanceof Group ? root : file, []);
  return tensors;
}

/** `layer/kind` of a dataset; null for a number of a layer that Eosin does not know. */
function nameOf(key: string, path: readonly string[], group: Group): string | null {
  if (path.at(-1) === 'vars') {
    const numbered = path.at(-2) ?? '';
    const kind = variables[numbered.replace(/_\d+$/, '')]?.[Number(key)];
    if (kind === undefined) return null;
    const name = group.attrs.name?.value;
    return `${typeof name === 'string' ? name : numbered}/${kind}`;
  }
  const kind = key.replace(/:\d+$/, '');
  const layer = path.at(-1) ?? '';
  const old = /^(.*)_(W|b)(_\d+)?$/.exec(kind);
  return old ? `${layer}/${old[2] === 'W' ? 'kernel' : 'bias'}` : `${layer}/${kind}`;
}
