/** One level of a slide as tiles: decoded in batches, or handed on as they are stored. */
import type { PyramidLevel } from '../core/pyramid.ts';
import type { ByteSource } from './byte-source.ts';
import { decodeOrName } from './decode-or-name.ts';
import { decodeStored } from './decode-stored.ts';
import { decodeRgb } from './image-codec.ts';
import { baseline, jpegPrefix, readJpegHeader, wholeJpeg } from './jpeg-stream.ts';
import { decodeJpeg2000, type Jpeg2000Colours } from './jpeg2000.ts';
import { writeMiniTiff } from './mini-tiff.ts';
import type { EncodedImage } from './slide.ts';
import { damagedTile } from './slide-errors.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import { compressionNames } from './tiff-format.ts';
import { decodeJpegInto, hasTurboJpeg } from './turbo-jpeg.ts';
import { readWebpSize } from './webp-header.ts';
import { unpackZstd, zstd } from './zstd-tile.ts';

export interface TileLevel extends PyramidLevel {
  readonly tileWidthPx: number;
  readonly tileHeightPx: number;
  readonly columns: number;
  readonly rows: number;
  readonly compression: string;
  /** Tiles that the file leaves out, where the level knows. */
  readonly missing?: ReadonlySet<number>;
  /**
   * The tiles with these indexes (row * columns + column) in one decoding call, one after another in the order asked for, each
   * [tileHeightPx, tileWidthPx, rgb]; a tile that the file leaves out is white. They may lie in `scratch`, where it is large enough.
   * Throws `slide/damaged-tile`.
   */
  decodeTiles(indexes: readonly number[], scratch?: Uint8Array): Promise<Uint8Array>;
  /** The tile, clipped to the level, as a JPEG put together from stored bytes without decoding; null where it has to be decoded. */
  storedTile(column: number, row: number): Promise<EncodedImage | null>;
}

const jpeg = 7;
const webp = 50001;

/** A tile as the file has it. */
interface StoredBytes {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Aperio's YCbCr and RGB, and the one of everybody else. */
const aperioYcbcr = 33003;
const jpeg2000 = new Set([aperioYcbcr, 33005, 34712]);

/** Why a directory cannot be a level, in words; null when it can. */
export function unsupportedReason(directory: TiffDirectory): string | null {
  const { compression, bitsPerSample, samples, planar, predictor, photometric } = directory;
  if (!(compression in compressionNames)) return `its compression is number ${compression}`;
  if (bitsPerSample !== 8) return `it has ${bitsPerSample} bits a sample`;
  if (planar !== 1) return 'its colours lie in planes of their own';
  if (predictor > 2) return `its predictor is number ${predictor}`;
  if (jpeg2000.has(compression)) return jpeg2000Reason(directory);
  if (photometric === 2 || (photometric === 6 && compression === jpeg))
    return samples === 3 || (samples === 4 && compression !== jpeg) ? null : `it has ${samples} samples a pixel`;
  if (photometric <= 1) return samples === 1 ? null : `it has ${samples} grey samples a pixel`;
  return `its colour space is number ${photometric}`;
}

/** Aperio's numbers say what the colours are, whatever the colour space says. */
function jpeg2000Reason({ tiled, samples, photometric }: TiffDirectory): string | null {
  if (!tiled) return 'a picture beside it is JPEG 2000 in strips';
  if (samples === 1 && photometric <= 1) return photometric === 0 ? 'its JPEG 2000 is inverted' : null;
  if (samples !== 3) return `it has ${samples} samples a pixel`;
  return photometric === 2 || photometric === 6 ? null : `its colour space is number ${photometric}`;
}

function jpeg2000Colours({ compression, samples, photometric }: TiffDirectory): Jpeg2000Colours {
  if (samples === 1) return 'grey';
  const isYcbcr = compression === aperioYcbcr || (compression === 34712 && photometric === 6);
  return isYcbcr ? 'ycbcr' : 'rgb';
}

/** `directory` must be tiled and supported. */
export function createTileLevel(source: ByteSource, directory: TiffDirectory, downsample: number): TileLevel {
  const { widthPx, heightPx, pieceWidthPx: tileWidthPx, pieceHeightPx: tileHeightPx, pieces } = directory;
  const columns = Math.ceil(widthPx / tileWidthPx);
  const rows = Math.ceil(heightPx / tileHeightPx);
  const tileBytes = tileWidthPx * tileHeightPx * 3;
  const isJpeg = directory.compression === jpeg;
  const nameTile = (index: number) => ({ column: index % columns, row: Math.floor(index / columns), downsample });

  /** The stored bytes; null when the file leaves the tile out. */
  const readTile = (index: number): Uint8Array | null => {
    const length = pieces.byteCounts[index]!;
    return length === 0 ? null : source.readNow(pieces.offsets[index]!, length);
  };
  /** Side by side, so that a slow drive is asked for several at once. */
  const readTiles = (indexes: readonly number[]): Promise<(Uint8Array | null)[]> =>
    Promise.all(
      indexes.map((index) => {
        const length = pieces.byteCounts[index]!;
        return length === 0 ? null : source.read(pieces.offsets[index]!, length);
      }),
    );

  /** A JPEG must have the tile's own size: a larger one would be a bomb, a smaller one would leave old memory in the picture. */
  const headerOf = (bytes: Uint8Array, index: number) => {
    const header = readJpegHeader(bytes);
    if (header?.widthPx !== tileWidthPx || header.heightPx !== tileHeightPx) throw damagedTile(nameTile(index));
    return header;
  };

  const checkWebp = (bytes: Uint8Array, index: number): void => {
    const size = readWebpSize(bytes);
    if (size?.widthPx !== tileWidthPx || size.heightPx !== tileHeightPx) throw damagedTile(nameTile(index));
  };

  const decodeStack = async (stored: readonly StoredBytes[]): Promise<Uint8Array> => {
    const chroma = isJpeg ? stored.map(({ bytes, index }) => headerOf(bytes, index).chromaSubsampling)[0] : undefined;
    if (directory.compression === webp) for (const { bytes, index } of stored) checkWebp(bytes, index);
    const heightOfAll = tileHeightPx * stored.length;
    const picture = { ...directory, widthPx: tileWidthPx, heightPx: heightOfAll, kind: 'tiles' as const };
    const isZstd = directory.compression === zstd;
    const piece = { ...directory, widthPx: tileWidthPx, heightPx: tileHeightPx };
    const file = writeMiniTiff(
      {
        ...picture,
        chromaSubsampling: chroma ?? directory.chromaSubsampling,
        ...(isZstd ? { compression: 1, predictor: 1 } : {}),
      },
      stored.map(({ bytes }) => (isZstd ? unpackZstd(bytes, piece) : bytes)),
    );
    const image = await decodeRgb(file, { strict: !isJpeg });
    if (image.data.length !== tileBytes * stored.length) throw damagedTile({ downsample });
    return image.data;
  };

  const decodeJpeg2000Stack = async (stored: readonly StoredBytes[]): Promise<Uint8Array> => {
    const picture = { widthPx: tileWidthPx, heightPx: tileHeightPx, colours: jpeg2000Colours(directory) };
    const all = new Uint8Array(tileBytes * stored.length);
    for (const [i, { bytes }] of stored.entries()) all.set(await decodeJpeg2000(bytes, picture), i * tileBytes);
    return all;
  };

  const decodeJpegs = async (stored: readonly StoredBytes[], scratch?: Uint8Array): Promise<Uint8Array> => {
    const all = scratch?.subarray(0, tileBytes * stored.length) ?? new Uint8Array(tileBytes * stored.length);
    for (const [i, { bytes, index }] of stored.entries()) {
      const whole = wholeJpeg(directory.jpegTables, directory.photometric, bytes, headerOf(bytes, index));
      const place = all.subarray(i * tileBytes, (i + 1) * tileBytes);
      if (!whole || !decodeJpegInto(whole, tileWidthPx, tileHeightPx, place)) return decodeStack(stored);
    }
    return all;
  };
  const decode = jpeg2000.has(directory.compression)
    ? decodeJpeg2000Stack
    : isJpeg && hasTurboJpeg()
      ? decodeJpegs
      : decodeStack;

  return {
    widthPx,
    heightPx,
    downsample,
    tileWidthPx,
    tileHeightPx,
    columns,
    rows,
    compression: compressionNames[directory.compression]!,
    missing: missingTiles(pieces.byteCounts),
    async decodeTiles(indexes, scratch) {
      const memory = scratch && scratch.length >= tileBytes * indexes.length ? scratch : undefined;
      const decodeThese = (these: readonly StoredBytes[]): Promise<Uint8Array> => decode(these, memory);
      const read = indexes.length === 1 ? [readTile(indexes[0]!)] : await readTiles(indexes);
      const tiles = read.map((bytes, i) => bytes && { index: indexes[i]!, bytes });
      return decodeStored(tiles, tileBytes, (stored) => decodeOrName(decodeThese, stored, nameTile));
    },
    async storedTile(column, row) {
      const inside = (column + 1) * tileWidthPx <= widthPx && (row + 1) * tileHeightPx <= heightPx;
      const index = row * columns + column;
      const bytes = isJpeg && inside ? readTile(index) : null;
      if (!bytes) return null;
      const header = headerOf(bytes, index);
      if (header.frame !== baseline || header.bits !== 8) return null;
      const prefix = jpegPrefix(directory.jpegTables, directory.photometric, header);
      return { bytes: Buffer.concat([prefix, bytes.subarray(2)]), type: 'image/jpeg' };
    },
  };
}

function missingTiles(byteCounts: Float64Array): ReadonlySet<number> {
  const missing = new Set<number>();
  for (let index = 0; index < byteCounts.length; index++) if (byteCounts[index] === 0) missing.add(index);
  return missing;
}
