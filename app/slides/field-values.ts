/** The values of the fields of a directory that passed `checkStructure`. */
import type { ByteSource } from './byte-source.ts';
import { fieldBytes, readIntegers, type TiffField } from './tiff-format.ts';

export interface FieldValues {
  /** The first values of a field of numbers, rationals divided; empty where there is no such field. */
  numbers(tag: number): Promise<number[]>;
  /** Text up to its first zero; empty where there is none. */
  text(tag: number): Promise<string>;
  /** The raw values of a field of bytes, at most so many; null where there is none. */
  bytes(tag: number, most?: number): Promise<Uint8Array | null>;
}

/** No field that is asked for by its numbers has more of them. */
const mostNumbers = 64;
const integers: readonly number[] = [1, 3, 4, 13, 16, 18];
const [byte, text, undefinedBytes] = [1, 2, 7];
const readers: Readonly<Record<number, (view: DataView, at: number, littleEndian: boolean) => number>> = {
  5: (view, at, littleEndian) => view.getUint32(at, littleEndian) / view.getUint32(at + 4, littleEndian),
  6: (view, at) => view.getInt8(at),
  8: (view, at, littleEndian) => view.getInt16(at, littleEndian),
  9: (view, at, littleEndian) => view.getInt32(at, littleEndian),
  10: (view, at, littleEndian) => view.getInt32(at, littleEndian) / view.getInt32(at + 4, littleEndian),
  11: (view, at, littleEndian) => view.getFloat32(at, littleEndian),
  12: (view, at, littleEndian) => view.getFloat64(at, littleEndian),
};

/** Reads from the file what is asked for, when it is asked for. */
export function fieldValues(
  source: ByteSource,
  fields: ReadonlyMap<number, TiffField>,
  littleEndian: boolean,
): FieldValues {
  return {
    async numbers(tag) {
      const field = fields.get(tag);
      if (!field) return [];
      const unit = fieldBytes[field.type]!;
      const raw = await source.read(field.at, Math.min(field.count, mostNumbers) * unit);
      if (integers.includes(field.type)) {
        const values = Array.from(readIntegers(raw, field.type, littleEndian));
        return field.upper ? [values[0]! + field.upper] : values;
      }
      const readOne = readers[field.type];
      if (!readOne) return [];
      const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
      return Array.from({ length: raw.length / unit }, (_, i) => readOne(view, i * unit, littleEndian));
    },
    async text(tag) {
      const field = fields.get(tag);
      if (field?.type !== text) return '';
      const decoded = new TextDecoder('utf-8').decode(await source.read(field.at, field.bytes));
      return decoded.replace(/\0[\s\S]*$/, '').trim();
    },
    async bytes(tag, most = Number.POSITIVE_INFINITY) {
      const field = fields.get(tag);
      const isBytes = field?.type === byte || field?.type === undefinedBytes;
      return isBytes ? source.read(field.at, Math.min(field.bytes, most)) : null;
    },
  };
}
