/** The numbers of a TIFF directory's picture against each other and against the file's length. */
import type { ByteSource } from './byte-source.ts';
import type { Layout } from './check-fields.ts';
import { badStructure, truncated } from './slide-errors.ts';
import { limits } from './slide-limits.ts';
import { readIntegers, type TiffField, tag } from './tiff-format.ts';

/** Where the pieces of a picture lie: tiles in rows from the top left, or strips. */
export interface PieceTable {
  readonly offsets: Float64Array;
  readonly byteCounts: Float64Array;
}

/** The picture in its pieces. @param tilesLeft that the file's other directories leave of the limit. @throws EosinError as `readFields` */
export async function checkPicture(
  source: ByteSource,
  { littleEndian }: Layout,
  fields: ReadonlyMap<number, TiffField>,
  index: number,
  tilesLeft: number,
) {
  const bad = (what: string, more: Record<string, number> = {}): Error =>
    badStructure(`${what} in directory ${index}`, { directory: index, ...more });
  const integers = async (number: number): Promise<Float64Array | null> => {
    const field = fields.get(number);
    if (!field) return null;
    if (![1, 3, 4, 13, 16, 18].includes(field.type))
      throw bad(`field ${number} is no integer`, { tag: number, type: field.type });
    const values = readIntegers(await source.read(field.at, field.bytes), field.type, littleEndian);
    return field.upper ? Float64Array.of(values[0]! + field.upper) : values;
  };
  const integer = async (number: number, otherwise: number | null = null): Promise<number> => {
    const value = (await integers(number))?.[0] ?? otherwise;
    if (value === null) throw bad(`field ${number} is missing`, { tag: number });
    return value;
  };
  const widthPx = await integer(tag.imageWidth);
  const heightPx = await integer(tag.imageLength);
  if (
    !(
      widthPx >= 1 &&
      widthPx <= limits.sidePx &&
      heightPx >= 1 &&
      heightPx <= limits.sidePx &&
      widthPx * heightPx <= limits.pixels
    )
  )
    throw bad(`a size of ${widthPx} x ${heightPx} px`, { widthPx, heightPx });
  const samples = await integer(tag.samplesPerPixel, 1);
  if (!(samples >= 1 && samples <= limits.samples)) throw bad(`${samples} samples a pixel`, { samples });
  const bits = ((await integers(tag.bitsPerSample)) ?? Float64Array.of(1)).subarray(0, samples);
  const planar = await integer(tag.planarConfiguration, 1);
  const tiled = fields.has(tag.tileWidth) || fields.has(tag.tileOffsets);
  if (tiled && ![...bits].every((each) => each === 8 || each === 16 || each === 32))
    throw bad(`${bits[0]} bits a sample`, { bits: bits[0]! });
  const pieceWidthPx = tiled ? await integer(tag.tileWidth) : widthPx;
  const pieceHeightPx = tiled
    ? await integer(tag.tileLength)
    : Math.min(heightPx, await integer(tag.rowsPerStrip, heightPx));
  const { least, most } = limits.tileSidePx;
  if (tiled && !(pieceWidthPx >= least && pieceWidthPx <= most && pieceHeightPx >= least && pieceHeightPx <= most))
    throw bad(`a tile of ${pieceWidthPx} x ${pieceHeightPx} px`, {
      tileWidthPx: pieceWidthPx,
      tileHeightPx: pieceHeightPx,
    });
  if (pieceHeightPx < 1) throw bad('a strip without rows', { rowsPerStrip: pieceHeightPx });
  const decodedBytes = pieceWidthPx * pieceHeightPx * samples * Math.ceil(Math.max(...bits) / 8);
  if (tiled && decodedBytes > limits.tileBytes)
    throw bad(`a tile of ${decodedBytes} bytes`, { tileBytes: decodedBytes });
  const expected =
    Math.ceil(widthPx / pieceWidthPx) * Math.ceil(heightPx / pieceHeightPx) * (planar === 2 ? samples : 1);
  if (expected > tilesLeft) throw bad(`${expected} tiles`, { tiles: expected, limit: limits.tiles });
  const tables = tiled
    ? ([tag.tileOffsets, tag.tileByteCounts] as const)
    : ([tag.stripOffsets, tag.stripByteCounts] as const);
  for (const number of tables) {
    const count = fields.get(number)?.count ?? 0;
    if (count !== expected)
      throw bad(`a table of ${count} tiles where ${expected} belong`, { tag: number, tiles: count, expected });
  }
  const offsets = (await integers(tables[0]))!;
  const byteCounts = (await integers(tables[1]))!;
  for (let i = 0; i < expected; i++) {
    const length = byteCounts[i]!;
    if (length === 0) continue;
    if (length > limits.tileBytes && tiled) throw bad(`tile ${i} of ${length} bytes`, { tile: i, bytes: length });
    if (offsets[i]! + length > source.sizeBytes)
      throw truncated(`tile ${i} of directory ${index}`, {
        directory: index,
        tile: i,
        offset: offsets[i]!,
        length,
        sizeBytes: source.sizeBytes,
      });
  }
  return { widthPx, heightPx, tiled, pieceWidthPx, pieceHeightPx, pieces: { offsets, byteCounts } };
}
