/**
 * The structural check of TIFF and BigTIFF that runs before any other parser sees the file.
 *
 *     header -> directory -> directory -> ... -> 0        each visited once
 *                 | field: tag, type, count, values       inside the file, of a sane size (`check-fields.ts`)
 *                 | tile offsets and byte counts          as many as the grid has tiles, each inside the file (`check-picture.ts`)
 *                 | NDPI: offsets of 64 bits              by `ndpi-directory.ts`; its JPEG streams by `ndpi-jpeg.ts`
 *                 | SubIFDs -> directory, directory, ...  behind those of the chain; their own SubIFDs are left alone
 *
 * It reads only what it needs, in bounded pieces, so that a hostile file costs no more than an honest one.
 */
import type { ByteSource } from './byte-source.ts';
import { type Layout, readFields } from './check-fields.ts';
import { checkPicture, type PieceTable } from './check-picture.ts';
import { ndpiStart } from './ndpi-directory.ts';
import { badStructure, notTiff, truncated } from './slide-errors.ts';
import { limits } from './slide-limits.ts';
import { readIntegers, type TiffField, tag } from './tiff-format.ts';

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
