/**
 * A TIFF in memory that holds some pieces of a stored picture, still compressed, so that one sharp call decodes all of them:
 *
 *     +-------+
 *     | tile  |     one column of tiles, in the order asked for; tile i is rows [i * height, (i + 1) * height)
 *     | tile  |     of the decoded picture and so one contiguous range of its bytes
 *     +-------+
 *
 * A call costs about a millisecond whatever it holds, so pieces are always decoded in batches.
 */
import { tag } from './tiff-format.ts';

export interface MiniTiff {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Rows of one piece; as wide as the picture. */
  readonly pieceHeightPx: number;
  /** `tiles` or `strips`: the last strip may be shorter, a tile never is. */
  readonly kind: 'tiles' | 'strips';
  readonly compression: number;
  readonly photometric: number;
  readonly samples: number;
  readonly predictor: number;
  readonly jpegTables: Uint8Array | null;
  readonly chromaSubsampling: readonly [number, number];
  readonly profile?: Uint8Array;
}

const short = 3;
const long = 4;
const undefinedBytes = 7;

/** Writes the file: little endian, classic; one piece after another behind the directory. */
export function writeMiniTiff(picture: MiniTiff, pieces: readonly Uint8Array[]): Uint8Array {
  const tiled = picture.kind === 'tiles';
  const lengths = pieces.map((piece) => piece.length);
  const fields: { tag: number; type: number; values: ArrayLike<number> }[] = [
    { tag: tag.imageWidth, type: long, values: [picture.widthPx] },
    { tag: tag.imageLength, type: long, values: [picture.heightPx] },
    { tag: tag.bitsPerSample, type: short, values: new Array<number>(picture.samples).fill(8) },
    { tag: tag.compression, type: short, values: [picture.compression] },
    { tag: tag.photometric, type: short, values: [picture.photometric] },
    { tag: tag.samplesPerPixel, type: short, values: [picture.samples] },
    { tag: tag.planarConfiguration, type: short, values: [1] },
  ];
  if (picture.predictor === 2) fields.push({ tag: tag.predictor, type: short, values: [2] });
  const offsets = {
    tag: tiled ? tag.tileOffsets : tag.stripOffsets,
    type: long,
    values: new Array<number>(pieces.length).fill(0),
  };
  if (tiled) {
    fields.push({ tag: tag.tileWidth, type: long, values: [picture.widthPx] });
    fields.push({ tag: tag.tileLength, type: long, values: [picture.pieceHeightPx] });
    fields.push(offsets, { tag: tag.tileByteCounts, type: long, values: lengths });
  } else {
    fields.push(offsets, { tag: tag.rowsPerStrip, type: long, values: [picture.pieceHeightPx] });
    fields.push({ tag: tag.stripByteCounts, type: long, values: lengths });
  }
  // Unspecified extra samples would be taken for colour otherwise.
  if (picture.samples === 2 || picture.samples === 4) fields.push({ tag: tag.extraSamples, type: short, values: [2] });
  if (picture.jpegTables) fields.push({ tag: tag.jpegTables, type: undefinedBytes, values: picture.jpegTables });
  if (picture.photometric === 6)
    fields.push({ tag: tag.yCbCrSubSampling, type: short, values: picture.chromaSubsampling });
  if (picture.profile) fields.push({ tag: tag.iccProfile, type: undefinedBytes, values: picture.profile });
  fields.sort((a, b) => a.tag - b.tag);

  const unit = (type: number): number => (type === short ? 2 : type === long ? 4 : 1);
  let end = 8 + 2 + fields.length * 12 + 4;
  const places = fields.map(({ type, values }) => {
    const bytes = unit(type) * values.length;
    if (bytes <= 4) return null;
    const place = end;
    end += bytes + (bytes & 1);
    return place;
  });
  for (const [i, piece] of pieces.entries()) {
    offsets.values[i] = end;
    end += piece.length;
  }
  const file = new Uint8Array(end);
  const view = new DataView(file.buffer);
  file.set([0x49, 0x49, 42, 0, 8, 0, 0, 0]);
  view.setUint16(8, fields.length, true);
  for (const [i, field] of fields.entries()) {
    const entry = 10 + i * 12;
    view.setUint16(entry, field.tag, true);
    view.setUint16(entry + 2, field.type, true);
    view.setUint32(entry + 4, field.values.length, true);
    const place = places[i] ?? entry + 8;
    if (places[i] != null) view.setUint32(entry + 8, place, true);
    for (let k = 0; k < field.values.length; k++) {
      if (field.type === short) view.setUint16(place + k * 2, field.values[k]!, true);
      else if (field.type === long) view.setUint32(place + k * 4, field.values[k]!, true);
      else file[place + k] = field.values[k]!;
    }
  }
  for (const [i, piece] of pieces.entries()) file.set(piece, offsets.values[i]!);
  return file;
}
