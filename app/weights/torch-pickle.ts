/**
 * Reads tensors out of PyTorch's legacy file format (before 1.6):
 *
 *     pickle: magic | pickle: 1001 | pickle: sizes | pickle: the state dict | pickle: storage keys | count, numbers | ...
 *
 * A pickle is a program. This reader runs none of it: it knows the few opcodes that such a file needs, and four names
 * (OrderedDict, two storages, the tensor itself) that become plain data here. Everything else is refused.
 */
import { EosinError } from '../core/errors.ts';
import { brokenWeights, elementCount, numberLimit, type StoredTensor, type StoredTensors } from './stored-tensor.ts';

const magic = 0x1950a86a20f9469cfc6cn;
const formatVersion = 1001;

const storageBytes: Readonly<Record<string, number>> = { 'torch FloatStorage': 4, 'torch LongStorage': 8 };
const rebuildTensor = 'torch._utils _rebuild_tensor_v2';
const orderedDict = 'collections OrderedDict';
const admitted = new Set([...Object.keys(storageBytes), rebuildTensor, orderedDict]);

interface Global {
  readonly kind: 'global';
  readonly name: string;
}
interface Storage {
  readonly kind: 'storage';
  readonly type: string;
  readonly key: string;
  readonly count: number;
}
interface TensorPlan {
  readonly kind: 'tensor';
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}
type Value =
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
interface Mark {
  readonly kind: 'mark';
}

/**
 * Float tensors of a state dict by name; counters (int64) are left out.
 *
 * @throws EosinError `weights/not-tensors` for a pickle that wants anything but tensors, `weights/broken`.
 */
export function readTorchPickle(bytes: Uint8Array): StoredTensors {
  const reader = new PickleReader(bytes);
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

class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  /** Of each storage that a tensor names. */
  readonly #types = new Map<string, string>();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next pickle of the file, as plain data. */
  load(): Value {
    const stack: Value[] = [];
    const memo = new Map<number, Value>();
    for (;;) {
      const code = this.#byte();
      if (code === 0x2e) return pop(stack); // STOP
      const value = this.#value(code, stack, memo);
      if (value !== undefined) stack.push(value);
      else this.#change(code, stack, memo);
    }
  }

  /** After the pickles: for each key the count of its numbers (int64), then the numbers. */
  readStorages(keys: readonly Value[]): Map<string, DataView> {
    const storages = new Map<string, DataView>();
    for (const key of keys) {
      if (typeof key !== 'string') throw brokenWeights('a storage has no name');
      const type = this.#types.get(key);
      if (type === undefined) throw brokenWeights(`storage ${key} is used by no tensor`);
      const count = Number(this.#view.getBigInt64(this.#take(8), true));
      if (count < 0 || count > numberLimit) throw brokenWeights(`storage ${key} is too large`);
      const length = count * storageBytes[type]!;
      const at = this.#take(length);
      storages.set(key, new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, length));
    }
    return storages;
  }

  /** What an opcode puts on the stack; undefined for those that only change what is there. */
  #value(code: number, stack: Value[], memo: ReadonlyMap<number, Value>): Value | undefined {
    switch (code) {
      case 0x4e: // NONE
        return null;
      case 0x88: // NEWTRUE
        return true;
      case 0x89: // NEWFALSE
        return false;
      case 0x4b: // BININT1
        return this.#byte();
      case 0x4d: // BININT2
        return this.#view.getUint16(this.#take(2), true);
      case 0x4a: // BININT
        return this.#view.getInt32(this.#take(4), true);
      case 0x8a: // LONG1
        return this.#long(this.#byte());
      case 0x58: // BINUNICODE
        return this.#text(this.#uint32());
      case 0x28: // MARK
        return { kind: 'mark' };
      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
        return [];
      case 0x7d: // EMPTY_DICT
        return new Map();
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return popMany(stack, code - 0x84);
      case 0x74: // TUPLE
        return popToMark(stack);
      case 0x68: // BINGET
        return recall(memo, this.#byte());
      case 0x6a: // LONG_BINGET
        return recall(memo, this.#uint32());
      case 0x63: // GLOBAL
        return this.#global();
      case 0x51: // BINPERSID
        return this.#storage(pop(stack));
      case 0x52: {
        // REDUCE: a name and its arguments
        const [callee, args] = popMany(stack, 2);
        return build(callee!, args!);
      }
    }
    return undefined;
  }

  #change(code: number, stack: Value[], memo: Map<number, Value>): void {
    switch (code) {
      case 0x80: // PROTO
        if (this.#byte() !== 2) throw brokenWeights('its pickle has another protocol than 2');
        return;
      case 0x61: // APPEND
        append(stack, [pop(stack)]);
        return;
      case 0x65: // APPENDS
        append(stack, popToMark(stack));
        return;
      case 0x73: // SETITEM
        setItems(stack, popMany(stack, 2));
        return;
      case 0x75: // SETITEMS
        setItems(stack, popToMark(stack));
        return;
      case 0x71: // BINPUT
        memo.set(this.#byte(), top(stack));
        return;
      case 0x72: // LONG_BINPUT
        memo.set(this.#uint32(), top(stack));
        return;
      case 0x62: // BUILD: attributes of the dictionary (`_metadata`), which nobody needs
        if (!(pop(stack) instanceof Map) || !(top(stack) instanceof Map))
          throw notTensors('it sets attributes of an object');
        return;
      default:
        throw notTensors(`opcode 0x${code.toString(16).padStart(2, '0')} has no place in it`);
    }
  }

  #global(): Global {
    const name = `${this.#line()} ${this.#line()}`;
    if (!admitted.has(name)) throw notTensors(`it asks for ${name.replace(' ', '.').slice(0, 120)}`);
    return { kind: 'global', name };
  }

  #storage(id: Value): Storage {
    const [tag, type, key, , count, view] = Array.isArray(id) ? id : [];
    const known = isKind(type, 'global') && (type as Global).name in storageBytes;
    if (tag !== 'storage' || !known || typeof key !== 'string' || !isCount(count) || view !== null) {
      throw notTensors('a storage is described in another way');
    }
    const { name } = type as Global;
    if ((this.#types.get(key) ?? name) !== name) throw brokenWeights(`storage ${key} has two types`);
    this.#types.set(key, name);
    return { kind: 'storage', type: name, key, count };
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw brokenWeights('it is cut off');
    this.#at += length;
    return at;
  }

  #byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  #uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  #long(length: number): number | bigint {
    let value = 0n;
    const at = this.#take(length);
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[at + i]!);
    if (length > 0 && this.#bytes[at + length - 1]! >= 0x80) value -= 1n << BigInt(8 * length);
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  }

  #text(length: number): string {
    const at = this.#take(length);
    return new TextDecoder().decode(this.#bytes.subarray(at, at + length));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0 || end - this.#at > 256) throw brokenWeights('a name does not end');
    const line = this.#text(end - this.#at);
    this.#at++;
    return line;
  }
}

function build(callee: Value, args: Value): Value {
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

const isCount = (value: Value | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function isKind(value: Value | undefined, kind: string): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

function isTensor(value: Value): value is TensorPlan {
  return isKind(value, 'tensor');
}

function top(stack: readonly Value[]): Value {
  const value = stack.at(-1);
  if (value === undefined) throw brokenWeights('its pickle takes more than it gave');
  return value;
}

function pop(stack: Value[]): Value {
  const value = top(stack);
  stack.pop();
  return value;
}

function popMany(stack: Value[], count: number): Value[] {
  if (stack.length < count) throw brokenWeights('its pickle takes more than it gave');
  return stack.splice(stack.length - count, count);
}

function popToMark(stack: Value[]): Value[] {
  const mark = stack.findLastIndex((value) => isKind(value, 'mark'));
  if (mark < 0) throw brokenWeights('its pickle takes more than it gave');
  return stack.splice(mark).slice(1);
}

function append(stack: readonly Value[], values: readonly Value[]): void {
  const list = top(stack);
  if (!Array.isArray(list)) throw brokenWeights('it appends to what is no list');
  for (const value of values) list.push(value);
}

function setItems(stack: readonly Value[], pairs: readonly Value[]): void {
  const target = top(stack);
  if (!(target instanceof Map) || pairs.length % 2 !== 0) throw brokenWeights('it sets items of what is no dictionary');
  for (let i = 0; i < pairs.length; i += 2) target.set(pairs[i]!, pairs[i + 1]!);
}

function recall(memo: ReadonlyMap<number, Value>, index: number): Value {
  const value = memo.get(index);
  if (value === undefined) throw brokenWeights('it recalls what it never stored');
  return value;
}

function notTensors(why: string): EosinError {
  return new EosinError('weights/not-tensors', 'input', `The file is more than tensors: ${why}.`, {
    remedy: 'It was not opened further, and nothing of it was run. Use a file of weights from its publisher.',
    fields: { reason: why },
  });
}
