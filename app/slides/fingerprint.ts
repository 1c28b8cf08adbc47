/** The identity of a slide's content, quick on any size: what a project remembers to notice that another file stands there. */
import { createHash } from 'node:crypto';
import { hashText } from '../core/random.ts';
import type { ByteSource } from './byte-source.ts';
import type { CheckedTiff } from './structure-check.ts';
import { tag } from './tiff-format.ts';

const sampledTiles = 64;
/** The two ends of a strip that is larger stand for it; in an NDPI every scan is a single one. */
const largestPiece = { ofNdpi: 2 * 2 ** 20, ofOthers: 64 * 2 ** 20 };
const endBytes = 2 ** 20;
const mostAtOnce = 16;
const mostBytesAtOnce = 4 * 2 ** 20;
const tables: readonly number[] = [tag.tileOffsets, tag.tileByteCounts, tag.stripOffsets, tag.stripByteCounts];

type Range = readonly [offset: number, length: number];

/**
 * SHA-256 (hex) of the file's length, its directories with the values of their fields, the offset tables, and 64 tiles that a hash
 * of all that chooses.
 */
export async function fingerprint(source: ByteSource, { directories, ndpi }: CheckedTiff): Promise<string> {
  const largest = ndpi ? largestPiece.ofNdpi : largestPiece.ofOthers;
  const hash = createHash('sha256');
  hash.update(`${source.sizeBytes}`);
  for (const directory of directories) {
    hash.update(await source.read(directory.at, directory.bytes));
    for (const [number, field] of directory.fields)
      if (!tables.includes(number)) hash.update(await source.read(field.at, field.bytes));
    for (const table of [directory.pieces.offsets, directory.pieces.byteCounts])
      hash.update(new Uint8Array(table.buffer, table.byteOffset, table.byteLength));
  }
  const total = directories.reduce((sum, { pieces }) => sum + pieces.offsets.length, 0);
  const key = hash.copy().digest('hex');
  const chosen = new Set<number>();
  for (let draw = 0; draw < sampledTiles; draw++) chosen.add(hashText(`${key}:${draw}`) % total);
  const ranges: Range[] = [];
  for (let tile of [...chosen].sort((a, b) => a - b)) {
    for (const { pieces } of directories) {
      if (tile < pieces.offsets.length) {
        const length = pieces.byteCounts[tile]!;
        const offset = pieces.offsets[tile]!;
        if (length > largest) ranges.push([offset, endBytes], [offset + length - endBytes, endBytes]);
        else if (length > 0) ranges.push([offset, length]);
        break;
      }
      tile -= pieces.offsets.length;
    }
  }
  for (const group of sideBySide(ranges))
    for (const bytes of await Promise.all(group.map(([offset, length]) => source.read(offset, length))))
      hash.update(bytes);
  return hash.digest('hex');
}

/** Ranges to be read at once, so that a disk with a cold cache is not waited for once a tile; a large one is read alone. */
function* sideBySide(ranges: readonly Range[]): Generator<Range[]> {
  let group: Range[] = [];
  let bytes = 0;
  for (const range of ranges) {
    if (group.length > 0 && (group.length === mostAtOnce || bytes + range[1] > mostBytesAtOnce)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(range);
    bytes += range[1];
  }
  if (group.length > 0) yield group;
}
