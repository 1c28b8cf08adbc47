/** What a pickle of PyTorch may hold, as plain data: no name in it becomes more than one of these. */
import { EosinError } from '../core/errors.ts';

/** Bytes of a number, by the storages that are known. */
export const storageBytes: Readonly<Record<string, number>> = { 'torch FloatStorage': 4, 'torch LongStorage': 8 };
const rebuildTensor = 'torch._utils _rebuild_tensor_v2';
const orderedDict = 'collections OrderedDict';
/** Names that a file may ask for. */
export const admittedNames = new Set([...Object.keys(storageBytes), rebuildTensor, orderedDict]);

/** A name that the file asks for. */
export interface Global {
  readonly kind: 'global';
  readonly name: string;
}
/** Numbers at the end of the file. */
export interface Storage {
  readonly kind: 'storage';
  readonly type: string;
  readonly key: string;
  readonly count: number;
}
/** A view of a storage. */
export interface TensorPlan {
  readonly kind: 'tensor';
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Value[]
  | Map<Value, Value>
  | Global
  | Storage
  | TensorPlan
  | Mark;
/** Where a pickle's next list begins. */
export interface Mark {
  readonly kind: 'mark';
}

/** What calling a name with arguments stands for. @throws EosinError `weights/not-tensors` */
export function build(callee: Value, args: Value): Value {
  const name = isKind(callee, 'global') ? (callee as Global).name : null;
  if (name === orderedDict && Array.isArray(args) && args.length === 0) return new Map();
  if (name !== rebuildTensor || !Array.isArray(args)) throw notTensors('it calls something');
  const [storage, offset, shape, strides] = args;
  const counts = (list: Value | undefined): list is number[] =>
    Array.isArray(list) && list.length <= 8 && list.every(isCount);
  const fits = isKind(storage, 'storage') && isCount(offset) && counts(shape) && counts(strides);
  if (!fits || shape.length !== strides.length) throw notTensors('a tensor is described in another way');
  return { kind: 'tensor', storage: storage as Storage, offset, shape, strides };
}

/** 0, 1, 2 ... */
export const isCount = (value: Value | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

export function isKind(value: Value | undefined, kind: string): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

export function isTensor(value: Value): value is TensorPlan {
  return isKind(value, 'tensor');
}

/** The file is more than tensors. */
export function notTensors(why: string): EosinError {
  return new EosinError('weights/not-tensors', 'input', `The file is more than tensors: ${why}.`, {
    remedy: 'It was not opened further, and nothing of it was run. Use a file of weights from its publisher.',
    fields: { reason: why },
  });
}
