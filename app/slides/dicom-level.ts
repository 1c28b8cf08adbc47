/** A picture of a DICOM whole slide as tiles: the frames of one file, or of the files that are parts of one picture. */
import { decodeOrName } from './decode-or-name.ts';
import { decodeStored } from './decode-stored.ts';
import { readFrame } from './dicom-frames.ts';
import type { DicomInstance } from './dicom-instance.ts';
import { columnsOf, placeFrames, rowsOf } from './dicom-placing.ts';
import { decodeRgb } from './image-codec.ts';
import { baseline, type JpegHeader, jpegPrefix, readJpegHeader, wholeJpeg } from './jpeg-stream.ts';
import { decodeJpeg2000, type Jpeg2000Colours } from './jpeg2000.ts';
import { writeMiniTiff } from './mini-tiff.ts';
import { damagedTile } from './slide-errors.ts';
import type { TileLevel } from './tile-level.ts';
import { decodeJpegInto, hasTurboJpeg } from './turbo-jpeg.ts';

const rgb = 2;
const yCbCr = 6;
/** TIFF decoders take tiles whose sides are multiples of this; others are decoded one by one. */
const tiffTileStep = 16;

interface StoredFrame {
  readonly index: number;
  readonly instance: DicomInstance;
  readonly bytes: Uint8Array;
}

/** A focal plane of a picture: `parts` are of one size and tiling, in the order of their frames. Throws `slide/structure`, `slide/unsupported`. */
export function createDicomLevel(parts: readonly DicomInstance[], downsample: number, plane: number): TileLevel {
  const first = parts[0]!;
  const { widthPx, heightPx, tileWidthPx, tileHeightPx, samples } = first;
  const columns = columnsOf(first);
  const rows = rowsOf(first);
  const frameOf = placeFrames(parts, plane);
  const tilePixels = tileWidthPx * tileHeightPx;
  const nameTile = (index: number) => ({ column: index % columns, row: Math.floor(index / columns), downsample });

  /** Null when the file leaves the tile out. */
  const readTile = async (index: number): Promise<StoredFrame | null> => {
    const frame = frameOf[index]!;
    if (frame < 0) return null;
    const instance = parts.findLast((part) => part.firstFrame <= frame)!;
    return { index, instance, bytes: await readFrame(instance.source, instance.table, frame - instance.firstFrame) };
  };

  /** A JPEG must have the tile's own size and samples: a larger one would be a bomb. */
  const headerOf = ({ bytes, index }: StoredFrame): JpegHeader => {
    const header = readJpegHeader(bytes);
    if (header?.widthPx !== tileWidthPx || header.heightPx !== tileHeightPx || header.components !== samples)
      throw damagedTile(nameTile(index));
    return header;
  };

  /** False where a frame is none that libjpeg-turbo takes. */
  const decodeDirectly = (stored: readonly StoredFrame[], headers: readonly JpegHeader[], all: Uint8Array): boolean =>
    stored.every(({ bytes }, i) => {
      const whole = wholeJpeg(null, colourOf(headers[i]!, first.photometric), bytes, headers[i]!);
      const place = all.subarray(i * tilePixels * 3, (i + 1) * tilePixels * 3);
      return whole !== null && decodeJpegInto(whole, tileWidthPx, tileHeightPx, place);
    });

  const decodeJpegs = async (stored: readonly StoredFrame[]): Promise<Uint8Array> => {
    const headers = stored.map(headerOf);
    if (hasTurboJpeg()) {
      const all = new Uint8Array(tilePixels * 3 * stored.length);
      if (decodeDirectly(stored, headers, all)) return all;
    }
    const photometric = colourOf(headers[0]!, first.photometric);
    const [across, down] = headers[0]!.chromaSubsampling;
    const alike = headers.every(
      (header) =>
        colourOf(header, first.photometric) === photometric &&
        header.chromaSubsampling[0] === across &&
        header.chromaSubsampling[1] === down,
    );
    const fits = tileWidthPx % tiffTileStep === 0 && tileHeightPx % tiffTileStep === 0;
    if (!alike || !fits) {
      const all = new Uint8Array(tilePixels * 3 * stored.length);
      for (const [i, tile] of stored.entries()) {
        const prefix = jpegPrefix(null, colourOf(headers[i]!, first.photometric), headers[i]!);
        const image = await decodeRgb(Buffer.concat([prefix, tile.bytes.subarray(2)]));
        if (image.data.length !== tilePixels * 3) throw damagedTile(nameTile(tile.index));
        all.set(image.data, i * tilePixels * 3);
      }
      return all;
    }
    const file = writeMiniTiff(
      {
        widthPx: tileWidthPx,
        heightPx: tileHeightPx * stored.length,
        pieceHeightPx: tileHeightPx,
        kind: 'tiles',
        compression: 7,
        photometric,
        samples,
        predictor: 1,
        jpegTables: null,
        chromaSubsampling: [across, down],
      },
      stored.map(({ bytes }) => bytes),
    );
    const image = await decodeRgb(file);
    if (image.data.length !== tilePixels * 3 * stored.length) throw damagedTile({ downsample });
    return image.data;
  };

  const decodeJpeg2000s = async (stored: readonly StoredFrame[]): Promise<Uint8Array> => {
    const picture = { widthPx: tileWidthPx, heightPx: tileHeightPx, colours: jpeg2000Colours(first) };
    const all = new Uint8Array(tilePixels * 3 * stored.length);
    for (const [i, { bytes }] of stored.entries()) all.set(await decodeJpeg2000(bytes, picture), i * tilePixels * 3);
    return all;
  };

  const decode = async (stored: readonly StoredFrame[]): Promise<Uint8Array> => {
    if (first.coding === 'none') {
      const all = new Uint8Array(tilePixels * 3 * stored.length);
      for (const [i, { bytes }] of stored.entries())
        interleave(bytes, first, all.subarray(i * tilePixels * 3, (i + 1) * tilePixels * 3));
      return all;
    }
    const decodeCoded = first.coding === 'jpeg' ? decodeJpegs : decodeJpeg2000s;
    return decodeOrName(decodeCoded, stored, nameTile);
  };

  return {
    widthPx,
    heightPx,
    downsample,
    tileWidthPx,
    tileHeightPx,
    columns,
    rows,
    compression: first.coding,
    async decodeTiles(indexes) {
      return decodeStored(await Promise.all(indexes.map(readTile)), tilePixels * 3, decode);
    },
    async storedTile(column, row) {
      const inside = (column + 1) * tileWidthPx <= widthPx && (row + 1) * tileHeightPx <= heightPx;
      const tile = first.coding === 'jpeg' && inside ? await readTile(row * columns + column) : null;
      if (!tile) return null;
      const header = headerOf(tile);
      if (header.frame !== baseline || header.bits !== 8) return null;
      const prefix = jpegPrefix(null, colourOf(header, first.photometric), header);
      return { bytes: Buffer.concat([prefix, tile.bytes.subarray(2)]), type: 'image/jpeg' };
    },
  };
}

/** What a JPEG's own markers say comes before what the file says of it: writers copy streams and mislabel them. */
function colourOf(header: JpegHeader, photometric: string): number {
  if (header.components === 1) return 1;
  if (header.adobeTransform !== null) return header.adobeTransform === 0 ? rgb : yCbCr;
  return photometric === 'RGB' && !header.jfif ? rgb : yCbCr;
}

/** YBR_ICT and YBR_RCT are the codec's own transforms, which it undoes. */
function jpeg2000Colours({ samples, photometric }: DicomInstance): Jpeg2000Colours {
  if (samples === 1) return 'grey';
  return photometric.startsWith('YBR_FULL') ? 'ycbcr' : 'rgb';
}

/** A raw frame as interleaved RGB. */
function interleave(bytes: Uint8Array, { samples, planar }: DicomInstance, out: Uint8Array): void {
  if (samples === 3 && !planar) {
    out.set(bytes);
    return;
  }
  const pixels = out.length / 3;
  for (let channel = 0; channel < 3; channel++) {
    const from = samples === 3 ? channel * pixels : 0;
    for (let i = 0; i < pixels; i++) out[i * 3 + channel] = bytes[from + i]!;
  }
}
