/**
 * Where the segments of an NDPI's JPEG begin. The file lists that as an aid (McuStarts), its upper words in a field of their own that
 * not all files have; a list that is missing, or that cannot be true, is made by looking for the markers.
 */
import type { ByteSource } from './byte-source.ts';
import type { NdpiJpeg } from './ndpi-jpeg.ts';
import type { OnStep } from './slide.ts';
import { badStructure } from './slide-errors.ts';
import { readIntegers, type TiffField, tag } from './tiff-format.ts';

export interface JpegStream {
  readonly offset: number;
  readonly length: number;
}

const fourGiB = 2 ** 32;
const long = 4;
const blockBytes = 2 ** 20;

/** The list of the file, counted from the stream's first byte; null where it has none that can be true. */
export async function listedStarts(
  source: ByteSource,
  fields: ReadonlyMap<number, TiffField>,
  { stream, jpeg, count }: { stream: JpegStream; jpeg: NdpiJpeg; count: number },
): Promise<Float64Array | null> {
  const read = async (number: number): Promise<Float64Array | null> => {
    const field = fields.get(number);
    if (field?.count !== count || field.type !== long) return null;
    return readIntegers(await source.read(field.at, field.bytes), field.type, true);
  };
  const lower = await read(tag.ndpiSegments);
  if (!lower) return null;
  const starts = joinWords(lower, await read(tag.ndpiSegmentsUpper));
  let before = jpeg.headerBytes - 1;
  for (const start of starts) {
    if (!(start > before && start < stream.length)) return null;
    before = start;
  }
  return starts[0] === jpeg.headerBytes ? starts : null;
}

/** 64-bit numbers of their words. Without upper words they have passed 4 GiB wherever they become smaller, since they only grow. */
export function joinWords(lower: Float64Array, upper: Float64Array | null): Float64Array {
  let passed = 0;
  return lower.map((low, i) => {
    if (upper) return low + upper[i]! * fourGiB;
    if (i > 0 && low < lower[i - 1]!) passed += fourGiB;
    return low + passed;
  });
}

/** Looks through the whole stream. Throws `slide/structure` where markers are missing, out of order or too far apart. */
export async function findStarts(
  source: ByteSource,
  { stream, jpeg, count }: { stream: JpegStream; jpeg: NdpiJpeg; count: number },
  onStep?: OnStep,
): Promise<Float64Array> {
  const starts = new Float64Array(count);
  starts[0] = jpeg.headerBytes;
  const farthest = jpeg.restartInterval * jpeg.mostMcuBytes + blockBytes;
  let found = 1;
  for (let at = jpeg.headerBytes; found < count && at < stream.length; at += blockBytes) {
    // One byte more, so that a marker on the border is seen whole.
    const length = Math.min(blockBytes + 1, stream.length - at);
    const block = Buffer.from((await source.read(stream.offset + at, length)).buffer);
    for (let i = block.indexOf(0xff); i >= 0 && i < length - 1 && found < count; i = block.indexOf(0xff, i + 1)) {
      const marker = block[i + 1]!;
      if (marker < 0xd0 || marker > 0xd7) continue;
      if (marker !== 0xd0 + ((found - 1) % 8))
        throw badStructure('a restart marker of its JPEG is out of order', { segment: found, offset: at + i });
      starts[found++] = at + i + 2;
    }
    if (at + length - starts[found - 1]! > farthest)
      throw badStructure('its JPEG has too few restart markers', { segment: found, segments: count });
    onStep?.();
  }
  if (found < count) throw badStructure('its JPEG has too few restart markers', { segments: found, expected: count });
  return starts;
}
