/**
 * The 64-bit rules of NDPI: a classic TIFF that has upper words where a reader of TIFF does not look.
 *
 *     header       II 42 | first directory, lower word | upper word
 *     directory    count | fields of 12 bytes | next directory, lower word | upper word | an upper word for each field
 *
 * The upper word of a field belongs to its offset, or to its value where that is one LONG that stands in the field itself. Files below
 * 4 GiB need none of them and may lack them, so they are read in larger files only.
 */
import type { ByteSource } from './byte-source.ts';
import { tag } from './tiff-format.ts';

const fourGiB = 2 ** 32;
const [headerAt, entryBytes] = [4, 12];

/** Where the first directory of a little-endian classic TIFF lies if the file is an NDPI; null when it is none. */
export async function ndpiStart(source: ByteSource): Promise<number | null> {
  if (source.sizeBytes < headerAt + 8) return null;
  const header = new DataView((await source.read(headerAt, 8)).buffer);
  const at = header.getUint32(0, true) + (hasUpperWords(source) ? header.getUint32(4, true) * fourGiB : 0);
  if (at + 2 > source.sizeBytes) return null;
  const count = new DataView((await source.read(at, 2)).buffer).getUint16(0, true);
  if (at + 2 + count * entryBytes > source.sizeBytes) return null;
  const fields = new DataView((await source.read(at + 2, count * entryBytes)).buffer);
  for (let i = 0; i < count; i++) if (fields.getUint16(i * entryBytes, true) === tag.ndpiFormat) return at;
  return null;
}

export function hasUpperWords(source: ByteSource): boolean {
  return source.sizeBytes > fourGiB;
}

/** Bytes behind the lower word that names the next directory. */
export function upperWordBytes(fields: number): number {
  return 4 + 4 * fields;
}

/** `upper` is what stands behind the fields and the lower word that names the next directory. */
export function readUpperWords(upper: Uint8Array): { next: number; ofField(index: number): number } {
  const view = new DataView(upper.buffer, upper.byteOffset, upper.byteLength);
  return {
    next: view.getUint32(0, true) * fourGiB,
    ofField: (index) => view.getUint32(4 + 4 * index, true) * fourGiB,
  };
}
