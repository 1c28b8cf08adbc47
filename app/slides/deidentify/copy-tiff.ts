/**
 * Writes the kept directories of a TIFF as a file of its own, in the source's byte order and form. Nothing is copied but what is named
 * here, so that no byte of a label, of an old description or of what nobody points to any more can come along.
 *
 *     header | tiles of each directory, as they were coded | directories: fields, tables, clean descriptions
 */
import { type FileHandle, open } from 'node:fs/promises';
import { EosinError } from '../../core/errors.ts';
import type { ByteSource } from '../byte-source.ts';
import { badStructure } from '../slide-errors.ts';
import type { CheckedTiff } from '../structure-check.ts';
import type { TiffDirectory } from '../tiff-directory.ts';
import { fieldBytes, tag } from '../tiff-format.ts';
import { blankComments } from './blank-comments.ts';
import { cleanProfile } from './clean-profile.ts';
import type { KeptDirectory, TiffPlan } from './plan-tiff-copy.ts';
import { type Taken, textOfBytes } from './search-terms.ts';

/** Fields of numbers that pixels, colours and scale need. */
const numberTags: ReadonlySet<number> = new Set([
  ...[254, 256, 257, 258, 259, 262, 266, 274, 277, 278, 282, 283, 284, 296, 317, 322, 323],
  ...[338, 339, 529, 530, 531, 532, 32_997],
]);
/** short, long, rational and their kin: no field of bytes, which could be a text. */
const numberTypes: ReadonlySet<number> = new Set([3, 4, 5, 8, 9, 10, 11, 12, 16, 17]);
const mostNumbers = 64;
const offsetTags: ReadonlySet<number> = new Set([
  tag.tileOffsets,
  tag.tileByteCounts,
  tag.stripOffsets,
  tag.stripByteCounts,
  tag.subIfds,
]);
const [ascii, short, long, long8] = [2, 3, 4, 16];
const withComments: ReadonlySet<number> = new Set([7, 33_003, 33_005, 34_712]);
const batchBytes = 4 * 2 ** 20;
const largestGap = 4096;

export interface WrittenTiff {
  /** Where the pixels lie in the copy; everything else is structure. */
  readonly pixels: { readonly from: number; readonly to: number };
  /** Comments inside tiles that were blanked. */
  readonly comments: readonly Taken[];
}

/** Whether the field goes into the copy as it is, or cleaned. */
export function isKeptField(number: number, type: number, count: number): boolean {
  if (offsetTags.has(number) || number === tag.jpegTables || number === tag.iccProfile) return true;
  return numberTags.has(number) && numberTypes.has(type) && count <= mostNumbers;
}

/** What is at `path` is written over. Throws `slide/structure` where tiles overlap, `deidentify/too-large`. */
export async function copyTiff(
  source: ByteSource,
  { littleEndian, bigTiff }: Pick<CheckedTiff, 'littleEndian' | 'bigTiff'>,
  { kept, blank: blankSize }: TiffPlan,
  path: string,
  onBytes: (count: number) => void,
): Promise<WrittenTiff> {
  refuseOverlap(source, kept);
  const word = bigTiff ? 8 : 4;
  const file = await open(path, 'w');
  const comments: Taken[] = [];
  let end = bigTiff ? 16 : 8;

  const append = async (bytes: Uint8Array): Promise<number> => {
    const at = end;
    if (!bigTiff && at + bytes.length > 0xffff_ffff) throw tooLarge();
    await writeAt(file, bytes, at);
    end += bytes.length;
    return at;
  };
  const align = async (): Promise<void> => void (end % 2 && (await append(new Uint8Array(1))));
  const integers = (values: ArrayLike<number>, bytes: number): Buffer => {
    const out = Buffer.alloc(values.length * bytes);
    for (let i = 0; i < values.length; i++) putInteger(out, values[i]!, i * bytes, bytes, littleEndian);
    return out;
  };
  const blankIn = (picture: Uint8Array): void => {
    for (const found of blankComments(picture)) {
      const text = textOfBytes(found);
      if (comments.length < 1000 && !comments.some((each) => each.text === text))
        comments.push({ name: 'comment in a tile', text });
    }
  };

  /** Pieces in the order in which they lie, those beside each other read and written at once. */
  const copyPieces = async ({ pieces, compression }: TiffDirectory): Promise<Float64Array> => {
    const { offsets, byteCounts } = pieces;
    const places = new Float64Array(offsets.length);
    const order = orderOf(offsets, byteCounts);
    for (let next = 0; next < order.length; ) {
      const from = offsets[order[next]!]!;
      let to = from + byteCounts[order[next]!]!;
      let last = next + 1;
      for (; last < order.length; last++) {
        const [at, length] = [offsets[order[last]!]!, byteCounts[order[last]!]!];
        if (at > to + largestGap || at + length - from > batchBytes) break;
        to = Math.max(to, at + length);
      }
      const block = await source.read(from, to - from);
      const parts: Uint8Array[] = [];
      let at = end;
      for (let i = next; i < last; i++) {
        const [piece, before] = [order[i]!, i > next ? order[i - 1]! : -1];
        if (before >= 0 && offsets[before] === offsets[piece] && byteCounts[before] === byteCounts[piece]) {
          places[piece] = places[before]!;
          continue;
        }
        const start = offsets[piece]! - from;
        const part = block.slice(start, start + byteCounts[piece]!);
        if (withComments.has(compression)) blankIn(part);
        parts.push(part);
        places[piece] = at;
        at += part.length;
      }
      await append(Buffer.concat(parts));
      onBytes(to - from);
      next = last;
    }
    return places;
  };

  const fieldsOf = async (kept: KeptDirectory, places: Float64Array, below: readonly number[]): Promise<Field[]> => {
    const { directory } = kept;
    const fields: Field[] = [];
    for (const [number, field] of directory.fields) {
      if (offsetTags.has(number) || !isKeptField(number, field.type, field.count)) continue;
      const raw = await source.read(field.at, field.bytes);
      const clean = number === tag.iccProfile ? cleanProfile(raw)?.profile : raw;
      if (number === tag.jpegTables) blankIn(raw);
      if (clean) fields.push({ number, type: field.type, count: clean.length / fieldBytes[field.type]!, raw: clean });
    }
    const text = (number: number, value: string | null): void => {
      if (value === null) return;
      const raw = Buffer.from(`${value}\0`, 'latin1');
      fields.push({ number, type: ascii, count: raw.length, raw });
    };
    text(tag.imageDescription, kept.description);
    text(tag.software, kept.software);
    const [offsetsTag, countsTag] = directory.tiled
      ? [tag.tileOffsets, tag.tileByteCounts]
      : [tag.stripOffsets, tag.stripByteCounts];
    const table = (number: number, values: ArrayLike<number>): void =>
      void fields.push({ number, type: bigTiff ? long8 : long, count: values.length, raw: integers(values, word) });
    table(offsetsTag, places);
    table(countsTag, directory.pieces.byteCounts);
    if (below.length > 0) table(tag.subIfds, below);
    return fields.sort((a, b) => a.number - b.number);
  };

  /** Where the directory lies, and where it names the next one. */
  const writeDirectory = async (fields: readonly Field[]): Promise<{ at: number; nextAt: number }> => {
    const countBytes = bigTiff ? 8 : 2;
    const entryBytes = bigTiff ? 20 : 12;
    const out = Buffer.alloc(countBytes + fields.length * entryBytes + word);
    putInteger(out, fields.length, 0, countBytes, littleEndian);
    for (const [i, { number, type, count, raw }] of fields.entries()) {
      const entry = countBytes + i * entryBytes;
      putInteger(out, number, entry, 2, littleEndian);
      putInteger(out, type, entry + 2, 2, littleEndian);
      putInteger(out, count, entry + 4, word, littleEndian);
      if (raw.length <= word) out.set(raw, entry + 4 + word);
      else {
        await align();
        putInteger(out, await append(raw), entry + 4 + word, word, littleEndian);
      }
    }
    await align();
    const at = await append(out);
    return { at, nextAt: at + out.length - word };
  };

  try {
    const flat = kept.flatMap((each) => [each, ...each.below]);
    const places = new Map<KeptDirectory, Float64Array>();
    const from = end;
    for (const each of flat) places.set(each, await copyPieces(each.directory));
    const white = blankSize ? await append(new Uint8Array(blankSize.widthPx * blankSize.heightPx * 3).fill(255)) : 0;
    const pixels = { from, to: end };
    let pointerAt = bigTiff ? 8 : 4;
    for (const each of kept) {
      const below: number[] = [];
      for (const child of each.below)
        below.push((await writeDirectory(await fieldsOf(child, places.get(child)!, []))).at);
      const { at, nextAt } = await writeDirectory(await fieldsOf(each, places.get(each)!, below));
      await writeAt(file, integers([at], word), pointerAt);
      pointerAt = nextAt;
    }
    if (blankSize) {
      const { at } = await writeDirectory(
        whiteFields(blankSize, white, (values) => integers(values, 4), integers([8, 8, 8], 2)),
      );
      await writeAt(file, integers([at], word), pointerAt);
    }
    const order = littleEndian ? 'II' : 'MM';
    const version = integers(bigTiff ? [43, 8, 0] : [42], 2);
    await writeAt(file, Buffer.concat([Buffer.from(order, 'latin1'), version]), 0);
    await file.sync();
    return { pixels, comments };
  } finally {
    await file.close();
  }
}

interface Field {
  readonly number: number;
  readonly type: number;
  readonly count: number;
  readonly raw: Uint8Array;
}

/** An uncompressed picture in one strip. */
function whiteFields(
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
  at: number,
  longs: (values: number[]) => Uint8Array,
  bits: Uint8Array,
): Field[] {
  const field = (number: number, value: number): Field => ({ number, type: long, count: 1, raw: longs([value]) });
  return [
    field(tag.imageWidth, widthPx),
    field(tag.imageLength, heightPx),
    { number: tag.bitsPerSample, type: short, count: 3, raw: bits },
    field(tag.compression, 1),
    field(tag.photometric, 2),
    field(tag.stripOffsets, at),
    field(tag.samplesPerPixel, 3),
    field(tag.rowsPerStrip, heightPx),
    field(tag.stripByteCounts, widthPx * heightPx * 3),
    field(tag.planarConfiguration, 1),
  ];
}

/** Numbers of the pieces that are there, as they lie in the file. */
function orderOf(offsets: Float64Array, byteCounts: Float64Array): Uint32Array {
  const order = Uint32Array.from(offsets.keys()).filter((piece) => byteCounts[piece]! > 0);
  const rises = order.every((piece, i) => i === 0 || offsets[piece]! >= offsets[order[i - 1]!]!);
  return rises ? order : order.sort((a, b) => offsets[a]! - offsets[b]! || byteCounts[a]! - byteCounts[b]!);
}

/** Tiles that share bytes would make the copy larger than its source, without end in a hostile file. */
function refuseOverlap(source: ByteSource, kept: readonly KeptDirectory[]): void {
  let total = 0;
  for (const { directory } of kept.flatMap((each) => [each, ...each.below])) {
    const { offsets, byteCounts } = directory.pieces;
    const order = orderOf(offsets, byteCounts);
    for (const [i, piece] of order.entries()) {
      const before = i > 0 ? order[i - 1]! : -1;
      const same = before >= 0 && offsets[before] === offsets[piece] && byteCounts[before] === byteCounts[piece];
      if (!same) total += byteCounts[piece]!;
    }
  }
  if (total > source.sizeBytes)
    throw badStructure('its tiles lie over each other', { tileBytes: total, sizeBytes: source.sizeBytes });
}

async function writeAt(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}

function putInteger(out: Buffer, value: number, at: number, bytes: number, littleEndian: boolean): void {
  if (bytes === 8) littleEndian ? out.writeBigUInt64LE(BigInt(value), at) : out.writeBigUInt64BE(BigInt(value), at);
  else if (littleEndian) out.writeUIntLE(value, at, bytes);
  else out.writeUIntBE(value, at, bytes);
}

function tooLarge(): EosinError {
  return new EosinError('deidentify/too-large', 'input', 'The copy would be larger than a TIFF of its kind can be.', {
    remedy: 'Convert the slide to BigTIFF first: `vips tiffsave IN OUT.tif --tile --pyramid --bigtiff`.',
  });
}
