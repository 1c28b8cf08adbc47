/** What a file of weights holds, whatever its format. */
import { EosinError } from '../core/errors.ts';

export interface StoredTensor {
  readonly shape: readonly number[];
  /** Row by row. */
  readonly values: Float32Array;
}

/** By the names that the file gives. */
export type StoredTensors = ReadonlyMap<string, StoredTensor>;

/** Numbers in one file of weights at the most: 2 GiB of float32. */
export const numberLimit = 2 ** 29;

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** A file that is not what it says: cut off, too large, or with something in it that Eosin does not take. */
export function brokenWeights(why: string, cause?: unknown): EosinError {
  return new EosinError('weights/broken', 'input', `The file of weights cannot be read: ${why}.`, {
    remedy: 'Get the file again from where it was published, and compare its size and checksum.',
    fields: { reason: why },
    ...(cause === undefined ? {} : { cause }),
  });
}
