/**
 * Where the frames of a DICOM file lie. Uncompressed ones follow each other; compressed ones are items, one or several a frame:
 *
 *     (7FE0,0010) | item: basic offset table | item: fragment | item: fragment | ... | sequence delimiter
 *
 * The extended offset table is taken where there is one, then the basic one, then the items are counted.
 */
import type { ByteSource } from './byte-source.ts';
import type { DicomHeader, DicomItem } from './dicom-data-set.ts';
import { dicomTag } from './dicom-format.ts';
import { badStructure, damagedTile, truncated } from './slide-errors.ts';
import { limits } from './slide-limits.ts';

export interface FrameTable {
  readonly frames: number;
  /** From the first fragment's item header, or from the first pixel, to behind the last byte. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly encapsulated: boolean;
}

const itemHead = 8;

/** Throws `slide/structure`, `slide/truncated`; every range it gives lies in the file and is of a sane size. */
export async function readFrameTable(
  source: ByteSource,
  header: DicomHeader,
  { frames, frameBytes, compressed }: { frames: number; frameBytes: number; compressed: boolean },
): Promise<FrameTable> {
  const place = header.pixelData;
  if (!place) throw badStructure('it has no pixels', { frames });
  if (!(frames >= 1 && frames <= limits.tiles)) throw badStructure(`it claims ${frames} frames`, { frames });
  if (compressed !== (place.length === null))
    throw badStructure('its pixels are not stored as it says', { transferSyntax: header.transferSyntax });
  // Before any table of that many frames is made.
  if (frames * (compressed ? itemHead : frameBytes) > source.sizeBytes - place.at)
    throw truncated('a frame', { frames, offset: place.at, sizeBytes: source.sizeBytes });
  const ranges = compressed
    ? await findFrames(source, header.elements, place.at, frames)
    : layFrames(place.at, frames, frameBytes);
  const end = ranges.ends.reduce((most, each) => Math.max(most, each), 0);
  if (end > source.sizeBytes || (place.length !== null && end > place.at + place.length))
    throw truncated('a frame', { frames, end, sizeBytes: source.sizeBytes });
  for (let i = 0; i < frames; i++) {
    const length = ranges.ends[i]! - ranges.starts[i]!;
    if (!(length >= 0 && length <= limits.tileBytes))
      throw badStructure('a frame has no sane length', { frame: i, length });
  }
  return { frames, ...ranges, encapsulated: compressed };
}

/** The stored bytes of a frame, put together where they lie in fragments. */
export async function readFrame(
  source: ByteSource,
  { starts, ends, encapsulated }: FrameTable,
  frame: number,
): Promise<Uint8Array> {
  const start = starts[frame]!;
  const raw = await source.read(start, ends[frame]! - start);
  if (!encapsulated) return raw;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const fragments: Uint8Array[] = [];
  for (let at = 0; at + itemHead <= raw.length; ) {
    const { tag, length } = readItemHead(view, at);
    if (tag === dicomTag.sequenceEnd) break;
    // The last byte of a table's length may be a padding that the item has and the table does not count.
    const end = Math.min(raw.length, at + itemHead + length);
    if (tag !== dicomTag.item || at + itemHead + length > raw.length + 1)
      throw damagedTile({ frame, offset: start + at });
    fragments.push(raw.subarray(at + itemHead, end));
    at = end;
  }
  return fragments.length === 1 ? fragments[0]! : Buffer.concat(fragments);
}

function readItemHead(view: DataView, at: number): { tag: number; length: number } {
  return {
    tag: view.getUint16(at, true) * 0x1_0000 + view.getUint16(at + 2, true),
    length: view.getUint32(at + 4, true),
  };
}

function layFrames(at: number, frames: number, frameBytes: number): { starts: Float64Array; ends: Float64Array } {
  const starts = Float64Array.from({ length: frames }, (_, i) => at + i * frameBytes);
  return { starts, ends: starts.map((start) => start + frameBytes) };
}

async function findFrames(source: ByteSource, elements: DicomItem, at: number, frames: number) {
  const table = await readItem(source, at);
  if (table.tag !== dicomTag.item) throw badStructure('its frames do not begin with an offset table', { offset: at });
  const base = at + itemHead + table.length;
  if (base > source.sizeBytes) throw truncated('the offset table', { offset: at, sizeBytes: source.sizeBytes });
  const extended = await readExtended(source, elements, base, frames);
  if (extended) return extended;
  if (table.length === frames * 4) {
    const raw = await source.read(at + itemHead, table.length);
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    const starts = Float64Array.from({ length: frames }, (_, i) => base + view.getUint32(i * 4, true));
    // Its 32 bits wrap in a large file; then the offsets no longer rise.
    if (starts[0] === base && starts.every((start, i) => i === 0 || start > starts[i - 1]!)) {
      const ends = new Float64Array(frames);
      ends.set(starts.subarray(1));
      ends[frames - 1] = (await walkItems(source, starts[frames - 1]!, limits.tiles)).end;
      return { starts, ends };
    }
  } else if (table.length !== 0)
    throw badStructure('its offset table is of another length', { bytes: table.length, frames });
  return groupFragments(await walkItems(source, base, limits.tiles), frames);
}

async function readExtended(source: ByteSource, elements: DicomItem, base: number, frames: number) {
  const offsets = elements.get(dicomTag.extendedOffsets);
  const lengths = elements.get(dicomTag.extendedLengths);
  if (!offsets || !lengths) return null;
  if (offsets.length !== frames * 8 || lengths.length !== frames * 8)
    throw badStructure('its extended offset table is of another length', { bytes: offsets.length, frames });
  const integers = async (at: number): Promise<Float64Array> => {
    const raw = await source.read(at, frames * 8);
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    return Float64Array.from({ length: frames }, (_, i) => Number(view.getBigUint64(i * 8, true)));
  };
  const starts = (await integers(offsets.at)).map((offset) => base + offset);
  const sizes = await integers(lengths.at);
  return { starts, ends: starts.map((start, i) => start + itemHead + sizes[i]!) };
}

async function readItem(source: ByteSource, at: number): Promise<{ tag: number; length: number; first: number }> {
  // Two bytes more than the header: they tell whether a picture begins here.
  const raw = await source.read(at, Math.min(itemHead + 2, source.sizeBytes - at));
  if (raw.length < itemHead) throw truncated('a fragment', { offset: at, sizeBytes: source.sizeBytes });
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return { ...readItemHead(view, 0), first: raw.length < itemHead + 2 ? 0 : view.getUint16(itemHead) };
}

/** The items from `at` to the delimiter: where each begins, and whether a JPEG or JPEG 2000 stream does. */
async function walkItems(source: ByteSource, at: number, most: number) {
  const starts: number[] = [];
  const begins: boolean[] = [];
  for (;;) {
    const { tag, length, first } = await readItem(source, at);
    if (tag === dicomTag.sequenceEnd) return { starts, begins, end: at };
    if (tag !== dicomTag.item) throw badStructure('a fragment is none', { offset: at });
    if (at + itemHead + length > source.sizeBytes)
      throw truncated('a fragment', { offset: at, length, sizeBytes: source.sizeBytes });
    if (starts.length >= most) throw badStructure('it has too many fragments', { limit: most });
    starts.push(at);
    begins.push(first === 0xffd8 || first === 0xff4f);
    at += itemHead + length;
  }
}

/** Fragments as frames: one each, all for one, or a frame from each beginning of a picture on. */
function groupFragments(
  { starts, begins, end }: { starts: readonly number[]; begins: readonly boolean[]; end: number },
  frames: number,
): { starts: Float64Array; ends: Float64Array } {
  const first =
    starts.length === frames ? starts : frames === 1 ? starts.slice(0, 1) : starts.filter((_, i) => begins[i]);
  if (first.length !== frames || first[0] !== starts[0])
    throw badStructure(`${starts.length} fragments cannot be ${frames} frames`, { fragments: starts.length, frames });
  return { starts: Float64Array.from(first), ends: Float64Array.from([...first.slice(1), end]) };
}
