/** What of a file fits a network: nothing is taken that does not fit, and both sides' leftovers are told. */
import { EosinError } from '../core/errors.ts';
import type { StoredTensor } from './stored-tensor.ts';
import type { Translated } from './weight-dialects.ts';

export interface WantedWeight {
  readonly name: string;
  readonly shape: readonly number[];
  /** The network works without it: its own dense layers, and biases that the publisher's network does not have. */
  readonly optional: boolean;
}

export interface MatchedWeights {
  readonly tensors: readonly { readonly name: string; readonly tensor: StoredTensor }[];
  /** Optional weights that the file does not have. */
  readonly missing: readonly string[];
  /** Names in the file that were not taken. */
  readonly unused: readonly string[];
}

/**
 * @throws EosinError `weights/missing`, `weights/shape` (with both shapes), `weights/not-finite`; each names the tensor.
 */
export function matchWeights(wanted: readonly WantedWeight[], found: Translated, network: string): MatchedWeights {
  const tensors: { name: string; tensor: StoredTensor }[] = [];
  const missing: string[] = [];
  for (const { name, shape, optional } of wanted) {
    const tensor = found.tensors.get(name);
    if (tensor === undefined) {
      if (!optional) throw lacking(name, shape, network, found);
      missing.push(name);
      continue;
    }
    const own = found.origin.get(name) ?? name;
    if (String(tensor.shape) !== String(shape)) throw otherShape(own, shape, tensor.shape, network);
    if (!tensor.values.every(Number.isFinite)) throw notFinite(own);
    tensors.push({ name, tensor });
  }
  const taken = new Set(tensors.map(({ name }) => name));
  const left = [...found.tensors.keys()]
    .filter((name) => !taken.has(name))
    .map((name) => found.origin.get(name) ?? name);
  return { tensors, missing, unused: [...left, ...found.strange].sort() };
}

function lacking(name: string, shape: readonly number[], network: string, { tensors }: Translated): EosinError {
  const expected = shape.join(' x ');
  return new EosinError('weights/missing', 'input', `The file has no ${name} (${expected}), which ${network} needs.`, {
    remedy: 'Use weights of the whole network below its classifier, with the names that Keras or torchvision gives.',
    fields: { tensor: name, expected, inFile: tensors.size },
  });
}

function otherShape(name: string, wanted: readonly number[], shape: readonly number[], network: string): EosinError {
  const [expected, found] = [wanted.join(' x '), shape.join(' x ')];
  return new EosinError('weights/shape', 'input', `${name} is ${found}, but ${network} needs ${expected}.`, {
    remedy: 'These are weights of another network, or of another width of it.',
    fields: { tensor: name, expected, found },
  });
}

function notFinite(name: string): EosinError {
  return new EosinError('weights/not-finite', 'input', `${name} holds values that are not numbers.`, {
    remedy: 'Get the file again; if it stays so, the training that made it failed.',
    fields: { tensor: name },
  });
}
