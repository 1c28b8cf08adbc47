/**
 * JPEG 2000 as far as needed to know a picture's shape before a decoder sees it. Source: ISO/IEC 15444-1, annexes A and I.
 *
 *     codestream   SOC | SIZ: size, tiles, components with their bits and sampling | ... | EOC
 *     JP2 file     signature box | file type | header | ... | box `jp2c` with the codestream
 */

export interface Jpeg2000Header {
  /** The bytes without the boxes of a JP2 file. */
  readonly codestream: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
  /** The reference grid begins at (0, 0), as everywhere but in cut-outs. */
  readonly atOrigin: boolean;
  /** Tiles inside of the codestream. */
  readonly tiles: number;
  readonly components: readonly { readonly bits: number; readonly signed: boolean; readonly step: readonly number[] }[];
}

/** Null when the bytes are no JPEG 2000. */
export function readJpeg2000Header(bytes: Uint8Array): Jpeg2000Header | null {
  const codestream = findCodestream(bytes);
  if (!codestream || codestream.length < 42) return null;
  const view = new DataView(codestream.buffer, codestream.byteOffset, codestream.byteLength);
  if (view.getUint32(0) !== 0xff4fff51) return null;
  const count = view.getUint16(40);
  const at = (place: number): number => view.getUint32(place);
  if (count < 1 || count > 4 || codestream.length < 42 + 3 * count) return null;
  const [width, height, left, top] = [at(8), at(12), at(16), at(20)];
  const [tileWidth, tileHeight, tileLeft, tileTop] = [at(24), at(28), at(32), at(36)];
  if (tileWidth === 0 || tileHeight === 0) return null;
  return {
    codestream,
    widthPx: width - left,
    heightPx: height - top,
    atOrigin: left === 0 && top === 0 && tileLeft === 0 && tileTop === 0,
    tiles: Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight),
    components: Array.from({ length: count }, (_, i) => {
      const [depth = 0, ...step] = codestream.subarray(42 + 3 * i, 45 + 3 * i);
      return { bits: (depth & 127) + 1, signed: depth > 127, step };
    }),
  };
}

/** The codestream itself, whether or not it lies in a JP2 file; null when there is none. */
function findCodestream(bytes: Uint8Array): Uint8Array | null {
  if (bytes[0] === 0xff && bytes[1] === 0x4f) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 16 <= bytes.length; ) {
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at === 0 && name !== 'jP  ') return null;
    const long = view.getUint32(at) === 1;
    const length = long ? Number(view.getBigUint64(at + 8)) : view.getUint32(at) || bytes.length - at;
    const head = long ? 16 : 8;
    if (length < head || at + length > bytes.length) return null;
    if (name === 'jp2c') return bytes.subarray(at + head, at + length);
    at += length;
  }
  return null;
}
