/**
 * The structural check of TIFF and BigTIFF that runs before any other parser sees the file.
 *
 *     header -> directory -> directory -> ... -> 0        each visited once
 *                 | field: tag, type, count, values       inside the file, of a sane size
 *                 | tile offsets and byte counts          as many as the grid has tiles, each tile inside the file
 *                 | NDPI: offsets of 64 bits              by `ndpi-directory.ts`; its JPEG streams by `ndpi-jpeg.ts`
 *                 | SubIFDs -> directory, directory, ...  behind those of the chain; their own SubIFDs are left alone
 *
 * It reads only what it needs, in bounded pieces, so that a hostile file costs no more than an honest one.
 */
import type { ByteSource } from './byte-source.ts';
import { hasUpperWords, ndpiStart, readUpperWords, upperWordBytes } from './ndpi-directory.ts';
import { badStructure, notTiff, truncated } from './slide-errors.ts';
import { fieldBytes, readIntegers, type TiffField, tag } from './tiff-format.ts';
import { looksLikeXml } from './xml.ts';

export const limits = {
  directories: 10_000,
  fieldsInDirectory: 4096,
  sidePx: 2 ** 31 - 1,
  pixels: 4e11,
  tileSidePx: { least: 16, most: 4096 },
  tileBytes: 64 * 2 ** 20,
  samples: 32,
  valueBytes: 16 * 2 ** 20,
  descriptionBytes: 4 * 2 ** 20,
  /** A description in XML, which may hold pictures (Philips). */
  xmlBytes: 64 * 2 ** 20,
  /** Of all directories together, so that many cannot share one huge table. */
  tiles: 20_000_000,
} as const;

const long = 4;

/** Where the pieces of a picture lie: tiles in rows from the top left, or strips. */
export interface PieceTable {
  readonly offsets: Float64Array;
  readonly byteCounts: Float64Array;
}

export interface CheckedDirectory {
  /** Where the directory itself lies in the file. */
  readonly at: number;
  readonly bytes: number;
  /** Index of the directory whose SubIFD this is; null for one of the file's own chain. */
  readonly parent: number | null;
  readonly fields: ReadonlyMap<number, TiffField>;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly tiled: boolean;
  /** Size of a piece; a strip is as wide as the picture. */
  readonly pieceWidthPx: number;
  readonly pieceHeightPx: number;
  readonly pieces: PieceTable;
}

export interface CheckedTiff {
  readonly bigTiff: boolean;
  readonly littleEndian: boolean;
  /** A classic TIFF with Hamamatsu's format flag. */
  readonly ndpi: boolean;
  /** The chain in its order, then the SubIFDs of each. */
  readonly directories: readonly CheckedDirectory[];
}

interface Layout {
  readonly littleEndian: boolean;
  readonly bigTiff: boolean;
  readonly ndpi: boolean;
}

/** Throws `slide/not-tiff`, `slide/truncated` or `slide/structure`; what it returns may be read without further thought. */
export async function checkStructure(source: ByteSource): Promise<CheckedTiff> {
  const { layout, first } = await readHeader(source);
  const directories: CheckedDirectory[] = [];
  const visited = new Set<number>();
  let tiles = 0;
  const visit = async (at: number, parent: number | null): Promise<number> => {
    if (visited.has(at)) throw badStructure('its directories go in a circle', { directory: visited.size, offset: at });
    if (visited.size >= limits.directories)
      throw badStructure('it has too many directories', { limit: limits.directories });
    visited.add(at);
    const index = visited.size - 1;
    const { fields, bytes, next } = await readFields(source, layout, at, index);
    const picture = await checkPicture(source, layout, fields, index, limits.tiles - tiles);
    tiles += picture.pieces.offsets.length;
    directories.push({ at, bytes, parent, fields, ...picture });
    return next;
  };
  for (let at = first; at !== 0; ) at = await visit(at, null);
  for (const [index, { fields }] of [...directories].entries())
    for (const at of await subDirectories(source, layout, fields, index)) await visit(at, index);
  if (directories.length === 0) throw badStructure('it has no picture', { directories: 0 });
  return { ...layout, directories };
}

async function readHeader(source: ByteSource): Promise<{ layout: Layout; first: number }> {
  if (source.sizeBytes < 8) throw notTiff(source.sizeBytes === 0 ? 'it is empty' : 'it is too short');
  const head = await source.read(0, Math.min(16, source.sizeBytes));
  const order = String.fromCharCode(head[0]!, head[1]!);
  if (order !== 'II' && order !== 'MM') throw notTiff('it does not begin as one');
  const littleEndian = order === 'II';
  const view = new DataView(head.buffer);
  const magic = view.getUint16(2, littleEndian);
  if (magic === 42) {
    const start = littleEndian ? await ndpiStart(source) : null;
    const first = start ?? view.getUint32(4, littleEndian);
    return { layout: { littleEndian, bigTiff: false, ndpi: start !== null }, first };
  }
  if (magic !== 43) throw notTiff(`its version is ${magic}`);
  if (head.length < 16) throw truncated('the header', { sizeBytes: source.sizeBytes });
  if (view.getUint16(4, littleEndian) !== 8 || view.getUint16(6, littleEndian) !== 0)
    throw badStructure('its BigTIFF header is not one', { offsetBytes: view.getUint16(4, littleEndian) });
  return { layout: { littleEndian, bigTiff: true, ndpi: false }, first: Number(view.getBigUint64(8, littleEndian)) };
}

/** The fields of one directory, each inside the file and of a sane size. */
export async function readFields(
  source: ByteSource,
  { littleEndian, bigTiff, ndpi }: Layout,
  at: number,
  index: number,
) {
  const countBytes = bigTiff ? 8 : 2;
  const entryBytes = bigTiff ? 20 : 12;
  const pointerBytes = bigTiff ? 8 : 4;
  const inside = (offset: number, length: number, what: string): void => {
    if (offset + length > source.sizeBytes)
      throw truncated(`${what} of directory ${index}`, {
        directory: index,
        offset,
        length,
        sizeBytes: source.sizeBytes,
      });
  };
  inside(at, countBytes, 'the beginning');
  const countRaw = await source.read(at, countBytes);
  const count = readIntegers(countRaw, bigTiff ? 16 : 3, littleEndian)[0]!;
  if (count === 0 || count > limits.fieldsInDirectory)
    throw badStructure(`directory ${index} claims ${count} fields`, { directory: index, fields: count });
  const plainBytes = countBytes + count * entryBytes + pointerBytes;
  const bytes = plainBytes + (ndpi && hasUpperWords(source) ? upperWordBytes(count) : 0);
  inside(at, bytes, 'a field');
  const raw = await source.read(at, bytes);
  const view = new DataView(raw.buffer);
  const uppers = bytes > plainBytes ? readUpperWords(raw.subarray(plainBytes)) : null;
  const fields = new Map<number, TiffField>();
  for (let i = 0; i < count; i++) {
    const entry = countBytes + i * entryBytes;
    const number = view.getUint16(entry, littleEndian);
    const type = view.getUint16(entry + 2, littleEndian);
    const unit = fieldBytes[type];
    if (unit === undefined) continue;
    const values = bigTiff
      ? Number(view.getBigUint64(entry + 4, littleEndian))
      : view.getUint32(entry + 4, littleEndian);
    const size = values * unit;
    const place = entry + 4 + pointerBytes;
    const pointer = bigTiff ? Number(view.getBigUint64(place, littleEndian)) : view.getUint32(place, littleEndian);
    const inEntry = size <= pointerBytes;
    const upper = uppers?.ofField(i) ?? 0;
    const where = inEntry ? at + place : pointer + upper;
    const most = isTable(number)
      ? limits.tiles * 8
      : number === tag.imageDescription
        ? await descriptionLimit(source, where)
        : limits.valueBytes;
    // Some of Hamamatsu's own fields point nowhere in sound files; none of them is needed.
    if (ndpi && number >= tag.ndpiFormat && (size > most || where + size > source.sizeBytes)) continue;
    if (size > most)
      throw badStructure(`field ${number} of directory ${index} claims ${size} bytes`, {
        directory: index,
        tag: number,
        bytes: size,
        limit: most,
      });
    inside(where, size, `field ${number}`);
    const ofValue = upper > 0 && inEntry && type === long && values === 1 ? { upper } : {};
    if (!fields.has(number)) fields.set(number, { type, count: values, at: where, bytes: size, ...ofValue });
  }
  const next = bigTiff
    ? Number(view.getBigUint64(plainBytes - 8, littleEndian))
    : view.getUint32(plainBytes - 4, littleEndian) + (uppers?.next ?? 0);
  return { fields, bytes, next };
}

async function descriptionLimit(source: ByteSource, at: number): Promise<number> {
  const head = at + 64 <= source.sizeBytes ? await source.read(at, 64) : new Uint8Array(0);
  return looksLikeXml(new TextDecoder().decode(head)) ? limits.xmlBytes : limits.descriptionBytes;
}

/** Where a directory's SubIFDs lie. */
async function subDirectories(
  source: ByteSource,
  { littleEndian }: Layout,
  fields: ReadonlyMap<number, TiffField>,
  index: number,
): Promise<Float64Array> {
  const field = fields.get(tag.subIfds);
  if (!field) return new Float64Array(0);
  if (![4, 13, 16, 18].includes(field.type) || field.count > limits.directories)
    throw badStructure(`the SubIFDs of directory ${index} are none`, {
      directory: index,
      type: field.type,
      count: field.count,
    });
  return readIntegers(await source.read(field.at, field.bytes), field.type, littleEndian);
}

function isTable(number: number): boolean {
  return (
    number === tag.tileOffsets ||
    number === tag.tileByteCounts ||
    number === tag.stripOffsets ||
    number === tag.stripByteCounts ||
    number === tag.ndpiSegments ||
    number === tag.ndpiSegmentsUpper
  );
}

/** The numbers of a picture against each other and against the file's length. */
async function checkPicture(
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
