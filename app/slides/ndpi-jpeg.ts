/**
 * The JPEG that is one level of an NDPI: a single stream, often too large for any decoder, that can be entered at restart markers.
 *
 *     SOI | tables | SOF (size) | DRI (interval) | SOS | MCUs | RST0 | MCUs | RST1 | ... | RST7 | MCUs | RST0 | ... | EOI
 *
 *     MCUs, row by row                  a segment is what stands between two markers: `interval` MCUs
 *     +-------+-------+-------+
 *     |   0   |   1   |   2   |         Segments under or beside each other become a JPEG of their own, without decoding:
 *     +-------+-------+-------+         the same tables, their own size, and markers counted anew.
 *     |   3   |   4   |   5   |
 */
import type { ByteSource } from './byte-source.ts';
import { badStructure, unsupported } from './slide-errors.ts';

export interface NdpiJpeg {
  /** Of the picture: the directory's, or the stream's own where it has no segments and both nearly agree. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** From the stream's first byte to its first coded one. */
  readonly headerBytes: number;
  /** What every JPEG of these segments begins with; its size has yet to be filled in. */
  readonly head: Uint8Array;
  /** Where in `head` height and width stand. */
  readonly sizeAt: number;
  readonly mcuWidthPx: number;
  readonly mcuHeightPx: number;
  /** No honest encoder needs more bytes for an MCU. */
  readonly mostMcuBytes: number;
  /** MCUs between two restart markers; 0 when there are none. */
  readonly restartInterval: number;
}

/** How the segments lie on the picture; the last column and row may reach beyond it. */
export interface SegmentGrid {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly columns: number;
  readonly rows: number;
}

/** What libjpeg decodes at the most. */
export const mostSidePx = 65_500;
const headerLimit = 65_536;
/** A small level may be some px larger or smaller than its directory says: scanners round the two differently (OpenSlide's #729). */
const mostRounding = { px: 8, share: 0.05 };
/** 16 + 11 bits for DC, 63 times 16 + 10 for AC, each byte followed by a zero in the worst case. */
const mostBlockBytes = 420;
const [jfif, adobe, huffman, quantisation, restart, scan, end] = [0xe0, 0xee, 0xc4, 0xdb, 0xdd, 0xda, 0xd9];
const frames: readonly number[] = [0xc0, 0xc1];

/** Reads and checks the header of the stream that is the picture of a directory. Throws `slide/structure`, `slide/unsupported`. */
export async function readNdpiJpeg(
  source: ByteSource,
  stream: { readonly offset: number; readonly length: number },
  { widthPx, heightPx, index: directory }: Size & { readonly index: number },
): Promise<NdpiJpeg> {
  const bad = (what: string, fields: Record<string, number> = {}): Error =>
    badStructure(`${what} in the JPEG of directory ${directory}`, { directory, ...fields });
  const bytes = Buffer.from(await source.read(stream.offset, Math.min(stream.length, headerLimit)));
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) throw bad('no beginning');
  const kept: Buffer[] = [bytes.subarray(0, 2)];
  let keptBytes = 2;
  let frame: (ReturnType<typeof readFrame> & { sizeAt: number }) | null = null;
  let restartInterval = 0;
  for (let at = 2; at + 4 <= bytes.length; ) {
    const marker = bytes[at + 1]!;
    if (bytes[at] === 0xff && marker === 0xff) {
      at++;
      continue;
    }
    if (bytes[at] !== 0xff || marker < 0xc0 || marker === end) throw bad('no marker', { offset: at });
    const length = bytes.readUInt16BE(at + 2);
    if (length < 2 || at + 2 + length > bytes.length) throw bad('a marker that is cut off', { offset: at, length });
    const segment = bytes.subarray(at, at + 2 + length);
    const isTable = marker === huffman || marker === quantisation || marker === jfif || marker === adobe;
    if (frames.includes(marker)) {
      if (frame) throw bad('a second size', { offset: at });
      frame = { ...readFrame(segment, bad), sizeAt: keptBytes + 5 };
    } else if (marker === restart) {
      if (length !== 4) throw bad('a restart interval that is none', { length });
      restartInterval = segment.readUInt16BE(4);
    } else if (marker > 0xc1 && marker < 0xd0 && marker !== huffman) {
      throw unsupported('an NDPI whose JPEG is progressive, lossless or arithmetic', { directory, marker });
    }
    if (isTable || frames.includes(marker) || marker === restart || marker === scan) {
      kept.push(segment);
      keptBytes += segment.length;
    }
    at += segment.length;
    if (marker !== scan) continue;
    if (!frame) throw bad('no size');
    const { components, mcuWidthPx, mcuHeightPx, blocks, sizeAt } = frame;
    if (length !== 6 + 2 * components || segment[4] !== components)
      throw bad('a scan of some colours only', { components });
    const size = trueSize({ widthPx, heightPx }, frame, restartInterval > 0);
    if (!size) throw bad(`a size of ${frame.widthPx} x ${frame.heightPx} px`, { widthPx, heightPx });
    const head = Buffer.concat(kept);
    return {
      ...size,
      headerBytes: at,
      head,
      sizeAt,
      mcuWidthPx,
      mcuHeightPx,
      restartInterval,
      mostMcuBytes: blocks * mostBlockBytes,
    };
  }
  throw bad('no scan', { length: stream.length });
}

/** The size of the picture by what its directory and its stream say; null where these contradict each other. */
function trueSize(directory: Size, stream: Size, hasSegments: boolean): Size | null {
  const stated = stream.widthPx > 0 && stream.heightPx > 0;
  const isNear = (side: number, own: number): boolean =>
    Math.abs(side - own) <= Math.max(mostRounding.px, mostRounding.share * side);
  if (
    !hasSegments &&
    stated &&
    isNear(directory.widthPx, stream.widthPx) &&
    isNear(directory.heightPx, stream.heightPx)
  )
    return { widthPx: stream.widthPx, heightPx: stream.heightPx };
  // A side that 16 bits do not hold is 0 in the stream, or what is left of it.
  const isOf = (side: number, own: number): boolean => own === side || own === 0 || side > mostSidePx;
  return isOf(directory.widthPx, stream.widthPx) && isOf(directory.heightPx, stream.heightPx) ? directory : null;
}

/** Size and sampling of a frame: FFC0, length, bits, height, width, count, then id, sampling, table of each component. */
function readFrame(segment: Buffer, bad: (what: string, fields?: Record<string, number>) => Error) {
  const components = segment[9] ?? 0;
  if (segment.length !== 10 + 3 * components) throw bad('a size that is cut off', { length: segment.length });
  if (segment[4] !== 8) throw unsupported(`an NDPI of ${segment[4]} bits a sample`, { bits: segment[4] ?? 0 });
  if (components !== 1 && components !== 3)
    throw unsupported(`an NDPI of ${components} samples a pixel`, { components });
  const samplings = Array.from({ length: components }, (_, i) => segment[11 + 3 * i]!);
  const across = samplings.map((sampling) => sampling >> 4);
  const down = samplings.map((sampling) => sampling & 15);
  if (![...across, ...down].every((factor) => factor >= 1 && factor <= 4))
    throw bad('a sampling that is none', { sampling: samplings[0]! });
  const blocks = samplings.reduce((sum, _, i) => sum + across[i]! * down[i]!, 0);
  if (blocks > 10) throw bad(`${blocks} blocks in an MCU`, { blocks });
  // The MCU of a single component is one block, whatever its sampling says.
  const grey = components === 1;
  return {
    components,
    heightPx: segment.readUInt16BE(5),
    widthPx: segment.readUInt16BE(7),
    mcuWidthPx: grey ? 8 : Math.max(...across) * 8,
    mcuHeightPx: grey ? 8 : Math.max(...down) * 8,
    blocks: grey ? 1 : blocks,
  };
}

/** Null when segments are none, or do not make a grid because they go around the end of a row. */
export function segmentGrid(jpeg: NdpiJpeg): SegmentGrid | null {
  const { mcuWidthPx, mcuHeightPx, restartInterval } = jpeg;
  const across = Math.ceil(jpeg.widthPx / mcuWidthPx);
  const down = Math.ceil(jpeg.heightPx / mcuHeightPx);
  if (restartInterval === 0) return null;
  if (across % restartInterval === 0) {
    const columns = across / restartInterval;
    return { widthPx: restartInterval * mcuWidthPx, heightPx: mcuHeightPx, columns, rows: down };
  }
  if (restartInterval % across !== 0) return null;
  const mcuRows = restartInterval / across;
  const heightPx = mcuRows * mcuHeightPx;
  return { widthPx: across * mcuWidthPx, heightPx, columns: 1, rows: Math.ceil(down / mcuRows) };
}

interface Size {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** The beginning of a JPEG of this size, neither side more than `mostSidePx`. */
export function headOf({ head, sizeAt }: NdpiJpeg, { widthPx, heightPx }: Size): Uint8Array {
  const own = Buffer.from(head);
  own.writeUInt16BE(heightPx, sizeAt);
  own.writeUInt16BE(widthPx, sizeAt + 2);
  return own;
}

/** Makes one JPEG of segments in their order; `segments` come without the marker that ends each. */
export function joinSegments(of: NdpiJpeg, size: Size, segments: readonly Uint8Array[]): Uint8Array {
  const head = headOf(of, size);
  const markers = 2 * segments.length;
  const jpeg = Buffer.alloc(head.length + markers + segments.reduce((sum, { length }) => sum + length, 0));
  jpeg.set(head);
  let at = head.length;
  for (const [i, segment] of segments.entries()) {
    jpeg.set(segment, at);
    at += segment.length;
    jpeg[at++] = 0xff;
    jpeg[at++] = i === segments.length - 1 ? end : 0xd0 + (i % 8);
  }
  return jpeg;
}
