/**
 * Reads tensors out of PyTorch's legacy file format (before 1.6):
 *
 *     pickle: magic | pickle: 1001 | pickle: sizes | pickle: the state dict | pickle: storage keys | count, numbers | ...
 *
 * A pickle is a program; this one is read, never run (`torch-unpickler.ts`).
 */
import { brokenWeights, elementCount, numberLimit, type StoredTensor, type StoredTensors } from './stored-tensor.ts';
import { TorchUnpickler } from './torch-unpickler.ts';
import { isTensor, notTensors, type TensorPlan, type Value } from './torch-values.ts';

const magic = 0x1950a86a20f9469cfc6cn;
const formatVersion = 1001;

/**
 * Float tensors of a state dict by name; counters (int64) are left out.
 *
 * @throws EosinError `weights/not-tensors` for a pickle that wants anything but tensors, `weights/broken`.
 */
export function readTorchPickle(bytes: Uint8Array): StoredTensors {
  const reader = new TorchUnpickler(bytes);
  if (reader.load() !== magic) throw brokenWeights("it does not begin as PyTorch's format of before 1.6 does");
  if (reader.load() !== formatVersion) throw brokenWeights('its format has another version');
  const sizes = reader.load();
  if (!(sizes instanceof Map) || sizes.get('little_endian') !== true) throw brokenWeights('it is not little-endian');
  const state = reader.load();
  const plans = tensorPlans(state);
  const keys = reader.load();
  if (!Array.isArray(keys)) throw brokenWeights('its list of storages is missing');
  const storages = reader.readStorages(keys);
  return new Map(plans.map(([name, plan]) => [name, unstride(name, plan, storages)]));
}

/** The float tensors of a state dict, which may hold tensors only. */
function tensorPlans(state: Value): [string, TensorPlan][] {
  if (!(state instanceof Map)) throw notTensors('the file holds no dictionary of tensors');
  const plans: [string, TensorPlan][] = [];
  let numbers = 0;
  for (const [name, value] of state) {
    if (typeof name !== 'string' || !isTensor(value)) throw notTensors(`'${String(name).slice(0, 80)}' is no tensor`);
    if (value.storage.type !== 'torch FloatStorage') continue;
    numbers += elementCount(value.shape);
    if (!(numbers <= numberLimit)) throw brokenWeights('it says that it holds more than 2 GiB of numbers');
    plans.push([name, value]);
  }
  return plans;
}

/** A tensor may be any view of its storage; here it becomes row by row. */
function unstride(
  name: string,
  { storage, offset, shape, strides }: TensorPlan,
  storages: Map<string, DataView>,
): StoredTensor {
  const data = storages.get(storage.key);
  const last = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, offset);
  if (data === undefined || last * 4 + 4 > data.byteLength)
    throw brokenWeights(`tensor '${name}' lies outside its storage`);
  const values = new Float32Array(elementCount(shape));
  const index = shape.map(() => 0);
  let at = offset;
  for (let i = 0; i < values.length; i++) {
    values[i] = data.getFloat32(at * 4, true);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return { shape, values };
}
