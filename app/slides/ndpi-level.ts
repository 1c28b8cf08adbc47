/**
 * A level of an NDPI as tiles: segments of its JPEG, put together anew to a JPEG a tile, without decoding.
 *
 *     tile                         stack
 *     +---------------+            +---------------+     Tiles of full size under each other are one JPEG too,
 *     | segment  row 0|            | tile          |     so that a batch is decoded in few calls.
 *     | segment  row 1|            | tile          |
 *     | ...           |            +---------------+
 *     +---------------+
 *
 * A segment is wide and low (2048 x 8 px, say), so a tile is as wide as a segment and as many rows high as make its area the one
 * asked for; narrow segments are joined across.
 */
import type { ByteSource } from './byte-source.ts';
import { decodeOrName } from './decode-or-name.ts';
import { decodeRgb, mostPixels } from './image-codec.ts';
import { joinSegments, mostSidePx, type NdpiJpeg, type SegmentGrid } from './ndpi-jpeg.ts';
import type { JpegStream } from './ndpi-segments.ts';
import { damagedTile } from './slide-errors.ts';
import { limits } from './slide-limits.ts';
import type { TileLevel } from './tile-level.ts';
import { decodeJpegInto } from './turbo-jpeg.ts';

/** Px of a tile: to look at, and low ones to read from, so that a patch costs few rows more than its own. */
export const tileAreas = { toSee: 512 * 512, toRead: 128 * 256 } as const;
const [leastTileWidthPx, mostTileHeightPx] = [256, 512];
/** Ranges of the file that lie closer are read as one, up to this many bytes. */
const [gapBytes, mostReadBytes] = [32_768, 4 * 2 ** 20];

interface LevelParts {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly downsample: number;
  readonly stream: JpegStream;
  readonly jpeg: NdpiJpeg;
  readonly grid: SegmentGrid;
  /** Where each segment begins in the stream. */
  starts(): Promise<Float64Array>;
}

interface Tile {
  readonly index: number;
  /** Its first segment's column and row, and how many there are of each. */
  readonly column: number;
  readonly row: number;
  readonly across: number;
  readonly down: number;
  /** Clipped to the level. */
  readonly widthPx: number;
  readonly heightPx: number;
}

export function createNdpiLevel(source: ByteSource, parts: LevelParts, tileArea: number): TileLevel {
  const { widthPx, heightPx, downsample, stream, jpeg, grid } = parts;
  const across = Math.max(1, Math.min(grid.columns, Math.ceil(leastTileWidthPx / grid.widthPx)));
  const tileWidthPx = across * grid.widthPx;
  const wanted = Math.min(mostTileHeightPx, tileArea / tileWidthPx);
  const down = Math.max(1, Math.min(grid.rows, Math.round(wanted / grid.heightPx)));
  const tileHeightPx = down * grid.heightPx;
  const columns = Math.ceil(grid.columns / across);
  const rows = Math.ceil(grid.rows / down);
  const tileBytes = tileWidthPx * tileHeightPx * 3;
  const mostSegmentBytes = Math.min(limits.tileBytes, jpeg.restartInterval * jpeg.mostMcuBytes + gapBytes);
  const nameTile = (index: number) => ({ column: index % columns, row: Math.floor(index / columns), downsample });

  const tileOf = (index: number): Tile => {
    const x = index % columns;
    const y = Math.floor(index / columns);
    return {
      index,
      column: x * across,
      row: y * down,
      across: Math.min(across, grid.columns - x * across),
      down: Math.min(down, grid.rows - y * down),
      widthPx: Math.min(tileWidthPx, widthPx - x * tileWidthPx),
      heightPx: Math.min(tileHeightPx, heightPx - y * tileHeightPx),
    };
  };

  /** The segments of each tile in the order of its JPEG, without the markers behind them. Throws `slide/damaged-tile`. */
  const readSegments = async (tiles: readonly Tile[]): Promise<Map<number, Uint8Array[]>> => {
    const starts = await parts.starts();
    const ranges = tiles.flatMap(({ index, column, row, across: n, down: m }) =>
      Array.from({ length: n * m }, (_, i) => {
        const segment = (row + Math.floor(i / n)) * grid.columns + column + (i % n);
        const from = starts[segment]!;
        const length = (starts[segment + 1] ?? stream.length) - from;
        // The last one ends where the stream does, with whatever stands behind the picture.
        const most = segment + 1 < starts.length ? mostSegmentBytes : Number.POSITIVE_INFINITY;
        if (length > most) throw damagedTile(nameTile(index));
        return { tile: index, from: stream.offset + from, length: Math.min(length, mostSegmentBytes) };
      }),
    );
    const bytes = await readRanges(source, ranges);
    const ofTiles = new Map<number, Uint8Array[]>(tiles.map(({ index }) => [index, []]));
    for (const [i, { tile }] of ranges.entries()) {
      const segment = withoutMarker(bytes[i]!);
      if (!segment) throw damagedTile(nameTile(tile));
      ofTiles.get(tile)!.push(segment);
    }
    return ofTiles;
  };

  /** Tiles in groups that are one JPEG each: those of full size by the stack, others alone. */
  const stacks = (tiles: readonly Tile[]): Tile[][] => {
    const mostTiles = Math.max(1, Math.floor(Math.min(mostSidePx / tileHeightPx, mostPixels / (tileBytes / 3))));
    // Halved rows of chroma are smoothed over the border between MCUs: tiles that are no neighbours must not see each other.
    const stackable = jpeg.mcuHeightPx === 8;
    const groups: Tile[][] = [];
    let open: Tile[] | null = null;
    for (const tile of tiles) {
      if (!stackable || tile.widthPx < tileWidthPx || tile.heightPx < tileHeightPx) groups.push([tile]);
      else {
        if (!open || open.length === mostTiles) {
          open = [];
          groups.push(open);
        }
        open.push(tile);
      }
    }
    return groups;
  };

  const decode = async (tiles: readonly (Tile & { place: number })[]): Promise<Uint8Array> => {
    const segments = await readSegments(tiles);
    const places = new Map(tiles.map(({ index }, place) => [index, place]));
    const all = new Uint8Array(tileBytes * tiles.length);
    for (const group of stacks(tiles)) {
      const { widthPx: stackWidthPx, heightPx: ofOne } = group[0]!;
      const stackHeightPx = ofOne * group.length;
      const size = { widthPx: stackWidthPx, heightPx: stackHeightPx };
      const stored = group.flatMap(({ index }) => segments.get(index)!);
      const data = await decodeJpeg(joinSegments(jpeg, size, stored), size);
      if (!data) throw damagedTile({ downsample });
      if (group.length === tiles.length && data.length === all.length) return data;
      const rowBytes = stackWidthPx * 3;
      for (const [i, { index }] of group.entries())
        for (let y = 0; y < ofOne; y++) {
          const from = (i * ofOne + y) * rowBytes;
          all.set(data.subarray(from, from + rowBytes), places.get(index)! * tileBytes + y * tileWidthPx * 3);
        }
    }
    return all;
  };

  return {
    widthPx,
    heightPx,
    downsample,
    tileWidthPx,
    tileHeightPx,
    columns,
    rows,
    compression: 'jpeg',
    decodeTiles: (indexes) =>
      decodeOrName(
        decode,
        indexes.map((index, place) => ({ ...tileOf(index), place })),
        nameTile,
      ),
    async storedTile(column, row) {
      const tile = tileOf(row * columns + column);
      const segments = (await readSegments([tile])).get(tile.index)!;
      return { bytes: joinSegments(jpeg, tile, segments), type: 'image/jpeg' };
    },
  };
}

/** The px of a JPEG of this size as RGB; null when it turns out to have another. */
async function decodeJpeg(
  jpeg: Uint8Array,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): Promise<Uint8Array | null> {
  const data = new Uint8Array(widthPx * heightPx * 3);
  if (decodeJpegInto(jpeg, widthPx, heightPx, data)) return data;
  const image = await decodeRgb(jpeg);
  return image.widthPx === widthPx && image.heightPx === heightPx ? image.data : null;
}

/** Null when the segment does not end with a restart marker or the picture's end; what follows that end is left out. */
function withoutMarker(segment: Uint8Array): Uint8Array | null {
  const bytes = Buffer.from(segment.buffer, segment.byteOffset, segment.length);
  const last = bytes.at(-1) ?? 0;
  if (bytes.at(-2) === 0xff && last >= 0xd0 && last <= 0xd7) return segment.subarray(0, -2);
  const end = bytes.lastIndexOf('ffd9', undefined, 'hex');
  return end < 0 ? null : segment.subarray(0, end);
}

interface Range {
  readonly from: number;
  readonly length: number;
}

/** The bytes of each range; neighbours are read together. */
async function readRanges(source: ByteSource, ranges: readonly Range[]): Promise<Uint8Array[]> {
  const order = ranges.map((_, i) => i).sort((a, b) => ranges[a]!.from - ranges[b]!.from);
  const reads: { from: number; to: number; parts: number[] }[] = [];
  for (const i of order) {
    const { from, length } = ranges[i]!;
    const last = reads.at(-1);
    if (last && from - last.to <= gapBytes && from + length - last.from <= mostReadBytes) {
      last.to = Math.max(last.to, from + length);
      last.parts.push(i);
    } else reads.push({ from, to: from + length, parts: [i] });
  }
  const out = new Array<Uint8Array>(ranges.length);
  await Promise.all(
    reads.map(async ({ from, to, parts }) => {
      const bytes = await source.read(from, to - from);
      for (const i of parts)
        out[i] = bytes.subarray(ranges[i]!.from - from, ranges[i]!.from - from + ranges[i]!.length);
    }),
  );
  return out;
}
