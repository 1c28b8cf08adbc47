/** Zstandard pieces of a TIFF (compression 50000), unpacked here: sharp's own TIFF reader makes silent garbage of them. */
import { zstdDecompressSync } from 'node:zlib';

/** The TIFF number of this compression. */
export const zstd = 50000;

export interface ZstdPiece {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly samples: number;
  /** 2: each sample is stored as the difference to its left neighbour's. */
  readonly predictor: number;
}

/** The piece's 8-bit samples, row by row. Throws when they are more or fewer than the piece has, and never unpacks more than that. */
export function unpackZstd(bytes: Uint8Array, { widthPx, heightPx, samples, predictor }: ZstdPiece): Uint8Array {
  const wanted = widthPx * heightPx * samples;
  const data = zstdDecompressSync(bytes, { maxOutputLength: wanted });
  if (data.length !== wanted) throw new Error(`zstd gave ${data.length} bytes where ${wanted} belong`);
  if (predictor === 2) addLeftNeighbours(data, widthPx * samples, samples);
  return data;
}

/** In place; the sums go round at 256, as the differences did. */
function addLeftNeighbours(data: Uint8Array, rowBytes: number, samples: number): void {
  for (let row = 0; row < data.length; row += rowBytes)
    for (let i = row + samples; i < row + rowBytes; i++) data[i] = data[i]! + data[i - samples]!;
}
