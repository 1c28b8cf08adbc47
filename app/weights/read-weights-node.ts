/** Entry file: the tensors of a file of weights, by what the file is, not by what it is called. */
import { readKerasH5 } from './keras-h5-node.ts';
import { readSafetensors } from './safetensors.ts';
import { brokenWeights, type StoredTensors } from './stored-tensor.ts';
import { readTorchPickle } from './torch-pickle.ts';

/** Whose names and layout to expect. */
export type WeightFormat = 'keras' | 'torch';

/** @param bytes the whole file; HDF5 reads it from the disk again. @throws EosinError `weights/broken`, `weights/not-tensors` */
export async function readWeights(
  file: string,
  bytes: Uint8Array,
): Promise<{ tensors: StoredTensors; format: WeightFormat }> {
  const begins = (...first: readonly number[]): boolean => first.every((byte, i) => bytes[i] === byte);
  if (begins(0x89, 0x48, 0x44, 0x46)) return { tensors: await readKerasH5(file), format: 'keras' };
  if (begins(0x80, 0x02, 0x8a)) return { tensors: readTorchPickle(bytes), format: 'torch' };
  if (begins(0x50, 0x4b)) {
    throw brokenWeights('it is a zip file (.keras, or PyTorch since 1.6); save it as .weights.h5 or .safetensors');
  }
  return { tensors: readSafetensors(bytes), format: 'torch' };
}
