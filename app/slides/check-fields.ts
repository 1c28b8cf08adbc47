/** The fields of one TIFF directory: each inside the file and of a sane size before a value is read. */
import type { ByteSource } from './byte-source.ts';
import { hasUpperWords, readUpperWords, upperWordBytes } from './ndpi-directory.ts';
import { badStructure, truncated } from './slide-errors.ts';
import { limits } from './slide-limits.ts';
import { fieldBytes, readIntegers, type TiffField, tag } from './tiff-format.ts';
import { looksLikeXml } from './xml.ts';

const long = 4;

/** How the numbers of a TIFF are written. */
export interface Layout {
  readonly littleEndian: boolean;
  readonly bigTiff: boolean;
  readonly ndpi: boolean;
}

/**
 * The directory at byte `at`: its fields, its own length, and where the next one lies (0 after the last).
 *
 * @throws EosinError `slide/truncated`, `slide/structure`
 */
export async function readFields(
  source: ByteSource,
  { littleEndian, bigTiff, ndpi }: Layout,
  at: number,
  index: number,
) {
  const countBytes = bigTiff ? 8 : 2;
  const entryBytes = bigTiff ? 20 : 12;
  const pointerBytes = bigTiff ? 8 : 4;
  const inside = (offset: number, length: number, what: string): void => {
    if (offset + length > source.sizeBytes)
      throw truncated(`${what} of directory ${index}`, {
        directory: index,
        offset,
        length,
        sizeBytes: source.sizeBytes,
      });
  };
  inside(at, countBytes, 'the beginning');
  const countRaw = await source.read(at, countBytes);
  const count = readIntegers(countRaw, bigTiff ? 16 : 3, littleEndian)[0]!;
  if (count === 0 || count > limits.fieldsInDirectory)
    throw badStructure(`directory ${index} claims ${count} fields`, { directory: index, fields: count });
  const plainBytes = countBytes + count * entryBytes + pointerBytes;
  const bytes = plainBytes + (ndpi && hasUpperWords(source) ? upperWordBytes(count) : 0);
  inside(at, bytes, 'a field');
  const raw = await source.read(at, bytes);
  const view = new DataView(raw.buffer);
  const uppers = bytes > plainBytes ? readUpperWords(raw.subarray(plainBytes)) : null;
  const fields = new Map<number, TiffField>();
  for (let i = 0; i < count; i++) {
    const entry = countBytes + i * entryBytes;
    const number = view.getUint16(entry, littleEndian);
    const type = view.getUint16(entry + 2, littleEndian);
    const unit = fieldBytes[type];
    if (unit === undefined) continue;
    const values = bigTiff
      ? Number(view.getBigUint64(entry + 4, littleEndian))
      : view.getUint32(entry + 4, littleEndian);
    const size = values * unit;
    const place = entry + 4 + pointerBytes;
    const pointer = bigTiff ? Number(view.getBigUint64(place, littleEndian)) : view.getUint32(place, littleEndian);
    const inEntry = size <= pointerBytes;
    const upper = uppers?.ofField(i) ?? 0;
    const where = inEntry ? at + place : pointer + upper;
    const most = isTable(number)
      ? limits.tiles * 8
      : number === tag.imageDescription
        ? await descriptionLimit(source, where)
        : limits.valueBytes;
    // Some of Hamamatsu's own fields point nowhere in sound files; none of them is needed.
    if (ndpi && number >= tag.ndpiFormat && (size > most || where + size > source.sizeBytes)) continue;
    if (size > most)
      throw badStructure(`field ${number} of directory ${index} claims ${size} bytes`, {
        directory: index,
        tag: number,
        bytes: size,
        limit: most,
      });
    inside(where, size, `field ${number}`);
    const ofValue = upper > 0 && inEntry && type === long && values === 1 ? { upper } : {};
    if (!fields.has(number)) fields.set(number, { type, count: values, at: where, bytes: size, ...ofValue });
  }
  const next = bigTiff
    ? Number(view.getBigUint64(plainBytes - 8, littleEndian))
    : view.getUint32(plainBytes - 4, littleEndian) + (uppers?.next ?? 0);
  return { fields, bytes, next };
}

async function descriptionLimit(source: ByteSource, at: number): Promise<number> {
  const head = at + 64 <= source.sizeBytes ? await source.read(at, 64) : new Uint8Array(0);
  return looksLikeXml(new TextDecoder().decode(head)) ? limits.xmlBytes : limits.descriptionBytes;
}

function isTable(number: number): boolean {
  return (
    number === tag.tileOffsets ||
    number === tag.tileByteCounts ||
    number === tag.stripOffsets ||
    number === tag.stripByteCounts ||
    number === tag.ndpiSegments ||
    number === tag.ndpiSegmentsUpper
  );
}
