/**
 * JPEG as a stream of markers: enough to hand a stored tile on undecoded.
 *
 *     SOI | APP14 when the colour space would be guessed wrong | the level's shared tables | the tile from its third byte
 */

/** The frame marker of pictures that any decoder reads. */
export const baseline = 0xc0;
/** What an Adobe marker says of the colours. */
const rgbTransform = 0;
const ycbcrTransform = 1;

export interface JpegHeader {
  /** 0xc0 baseline, 0xc1 extended, 0xc2 progressive; 0 when there is none. */
  readonly frame: number;
  readonly bits: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly components: number;
  /** The colour transform of an Adobe marker: 0 none (RGB), 1 YCbCr; null without the marker. */
  readonly adobeTransform: number | null;
  readonly jfif: boolean;
  /** Horizontal and vertical sampling of the first component over the second. */
  readonly chromaSubsampling: readonly [number, number];
}

/** Reads markers up to the first scan; null when the bytes are no JPEG. */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | null {
  if (bytes.length < 4 || bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = { frame: 0, bits: 0, widthPx: 0, heightPx: 0, components: 0 };
  let adobeTransform: number | null = null;
  let jfif = false;
  let chromaSubsampling: [number, number] = [1, 1];
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xda || marker === 0xd9) break;
    const length = view.getUint16(at + 2);
    if (length < 2 || at + 2 + length > bytes.length) return null;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame && length >= 11) {
      header.frame = marker;
      header.bits = bytes[at + 4]!;
      header.heightPx = view.getUint16(at + 5);
      header.widthPx = view.getUint16(at + 7);
      header.components = bytes[at + 9]!;
      if (header.components >= 3 && length >= 17) {
        const first = bytes[at + 11]!;
        const second = bytes[at + 14]!;
        chromaSubsampling = [
          Math.max(1, Math.round((first >> 4) / Math.max(1, second >> 4))),
          Math.max(1, Math.round((first & 15) / Math.max(1, second & 15))),
        ];
      }
    } else if (marker === 0xee && length >= 14 && String.fromCharCode(...bytes.subarray(at + 4, at + 9)) === 'Adobe') {
      adobeTransform = bytes[at + 15]!;
    } else if (marker === 0xe0 && length >= 7 && String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === 'JFIF') {
      jfif = true;
    }
    at += 2 + length;
  }
  return { ...header, adobeTransform, jfif, chromaSubsampling };
}

/** An Adobe marker that states the colour transform: 0 for RGB, 1 for YCbCr. */
function adobeMarker(transform: number): Uint8Array {
  return Uint8Array.of(0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, transform);
}

/**
 * What goes before a stored tile without its first two bytes to make it a JPEG of its own.
 * `photometric` 2 is RGB, 6 YCbCr; without a marker a decoder would take three components for YCbCr.
 */
export function jpegPrefix(tables: Uint8Array | null, photometric: number, tile: JpegHeader): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0xff, 0xd8)];
  const shared = tables === null ? null : readTables(tables);
  if (tile.components === 3 && tile.adobeTransform === null && !shared?.adobe) {
    if (photometric === 2) parts.push(adobeMarker(rgbTransform));
    else if (photometric === 6 && !tile.jfif) parts.push(adobeMarker(ycbcrTransform));
  }
  if (shared) parts.push(shared.body);
  return Buffer.concat(parts);
}

/**
 * The tile as a JPEG of its own whose markers state the colours that `photometric` states; null where its own markers state others, and
 * for all but baseline pictures of three components.
 */
export function wholeJpeg(
  tables: Uint8Array | null,
  photometric: number,
  tile: Uint8Array,
  header: JpegHeader,
): Uint8Array | null {
  if (header.frame !== baseline || header.bits !== 8 || header.components !== 3) return null;
  const shared = tables === null ? null : readJpegHeader(tables);
  const stated =
    header.jfif || shared?.jfif ? ycbcrTransform : (header.adobeTransform ?? shared?.adobeTransform ?? null);
  const meant = photometric === 2 ? rgbTransform : photometric === 6 ? ycbcrTransform : null;
  if (meant === null || (stated !== null && stated !== meant)) return null;
  return Buffer.concat([jpegPrefix(tables, photometric, header), tile.subarray(2)]);
}

/** The shared tables without their start and end markers. */
function readTables(tables: Uint8Array): { body: Uint8Array; adobe: boolean } {
  const from = tables[0] === 0xff && tables[1] === 0xd8 ? 2 : 0;
  const ends = tables.at(-2) === 0xff && tables.at(-1) === 0xd9;
  const body = tables.subarray(from, ends ? tables.length - 2 : tables.length);
  return { body, adobe: (readJpegHeader(tables)?.adobeTransform ?? null) !== null };
}
