/** Writes a pyramid of JPEG tiles as a BigTIFF, tile by tile in any order; the file appears whole or not at all. */
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { startPart } from './part-file.ts';
import { fileError } from './slide-errors.ts';
import { tag } from './tiff-format.ts';

export interface WrittenLevel {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly tilePx: number;
}

export interface TiledTiffWriter {
  /** `jpeg` is a whole YCbCr picture of tilePx x tilePx without chroma subsampling. */
  addTile(level: number, index: number, jpeg: Uint8Array): Promise<void>;
  /** Writes the directories and gives the file its name. */
  finish(): Promise<void>;
  /** Takes back what was written. */
  discard(): Promise<void>;
}

const short = 3;
const long = 4;
const long8 = 16;

/** Throws `disk/full` and other errors of the file system in words. */
export async function createTiledTiff(path: string, levels: readonly WrittenLevel[]): Promise<TiledTiffWriter> {
  const inWords = (thrown: unknown): never => {
    throw fileError(thrown, basename(path));
  };
  const part = await startPart(path);
  const file = await open(part.path, 'wx').catch(inWords);
  const tables = levels.map(({ widthPx, heightPx, tilePx }) => {
    const tiles = Math.ceil(widthPx / tilePx) * Math.ceil(heightPx / tilePx);
    return { offsets: new BigUint64Array(tiles), byteCounts: new BigUint64Array(tiles) };
  });
  let end = 16;
  const append = async (bytes: Uint8Array): Promise<number> => {
    const at = end;
    end += bytes.length;
    await file.write(bytes, 0, bytes.length, at).catch(inWords);
    return at;
  };
  return {
    async addTile(level, index, jpeg) {
      const { offsets, byteCounts } = tables[level]!;
      offsets[index] = BigInt(await append(jpeg));
      byteCounts[index] = BigInt(jpeg.length);
    },
    async finish() {
      let first = 0n;
      let pointerAt = 8;
      for (const [i, level] of levels.entries()) {
        const offsetsAt = await append(bytesOf(tables[i]!.offsets));
        const countsAt = await append(bytesOf(tables[i]!.byteCounts));
        const directory = writeDirectory(level, tables[i]!, offsetsAt, countsAt);
        const at = await append(directory);
        if (i === 0) first = BigInt(at);
        else await file.write(bytesOf(BigUint64Array.of(BigInt(at))), 0, 8, pointerAt).catch(inWords);
        pointerAt = at + directory.length - 8;
      }
      const header = Buffer.from([0x49, 0x49, 43, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
      header.writeBigUInt64LE(first, 8);
      await file.write(header, 0, 16, 0).catch(inWords);
      await file.sync();
      await file.close();
      await part.finish();
    },
    async discard() {
      await file.close().catch(() => {});
      await part.discard();
    },
  };
}

function bytesOf(values: BigUint64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

type Table = { readonly offsets: BigUint64Array; readonly byteCounts: BigUint64Array };

function writeDirectory(
  level: WrittenLevel,
  { offsets, byteCounts }: Table,
  offsetsAt: number,
  countsAt: number,
): Buffer {
  const fields: [number: number, type: number, count: number, value: bigint][] = [
    [tag.newSubfileType, long, 1, 1n],
    [tag.imageWidth, long, 1, BigInt(level.widthPx)],
    [tag.imageLength, long, 1, BigInt(level.heightPx)],
    [tag.bitsPerSample, short, 3, 0x0008_0008_0008n],
    [tag.compression, short, 1, 7n],
    [tag.photometric, short, 1, 6n],
    [tag.samplesPerPixel, short, 1, 3n],
    [tag.planarConfiguration, short, 1, 1n],
    [tag.tileWidth, long, 1, BigInt(level.tilePx)],
    [tag.tileLength, long, 1, BigInt(level.tilePx)],
    // A table of one value stands in the field itself.
    [tag.tileOffsets, long8, offsets.length, offsets.length === 1 ? offsets[0]! : BigInt(offsetsAt)],
    [tag.tileByteCounts, long8, byteCounts.length, byteCounts.length === 1 ? byteCounts[0]! : BigInt(countsAt)],
    [tag.yCbCrSubSampling, short, 2, 0x0001_0001n],
  ];
  const bytes = Buffer.alloc(8 + fields.length * 20 + 8);
  bytes.writeBigUInt64LE(BigInt(fields.length), 0);
  for (const [i, [number, type, count, value]] of fields.entries()) {
    const at = 8 + i * 20;
    bytes.writeUInt16LE(number, at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.writeBigUInt64LE(BigInt(count), at + 4);
    bytes.writeBigUInt64LE(value, at + 12);
  }
  return bytes;
}
