/**
 * Reads pickles of protocol 2 without running them: it knows the few opcodes that a file of tensors needs, and four names
 * (OrderedDict, two storages, the tensor itself) that become plain data (`torch-values.ts`). Everything else is refused.
 */
import { append, pop, popMany, popToMark, recall, setItems, top } from './pickle-stack.ts';
import { brokenWeights, numberLimit } from './stored-tensor.ts';
import {
  admittedNames,
  build,
  type Global,
  isCount,
  isKind,
  notTensors,
  type Storage,
  storageBytes,
  type Value,
} from './torch-values.ts';

export class TorchUnpickler {
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
    if (!admittedNames.has(name)) throw notTensors(`it asks for ${name.replace(' ', '.').slice(0, 120)}`);
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
