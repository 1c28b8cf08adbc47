/** Words of the TIFF 6.0 and BigTIFF formats: tags and field types. */

export const tag = {
  newSubfileType: 254,
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  imageDescription: 270,
  make: 271,
  model: 272,
  stripOffsets: 273,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planarConfiguration: 284,
  resolutionUnit: 296,
  software: 305,
  dateTime: 306,
  predictor: 317,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subIfds: 330,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
  yCbCrSubSampling: 530,
  iccProfile: 34_675,
  xmp: 700,
  /** Of NDPI; the names are those of tifffile and OpenSlide. */
  ndpiFormat: 65_420,
  ndpiLens: 65_421,
  ndpiX: 65_422,
  ndpiY: 65_423,
  ndpiZ: 65_424,
  ndpiSegments: 65_426,
  ndpiSegmentsUpper: 65_432,
  ndpiSerialNumber: 65_442,
  ndpiProperties: 65_449,
} as const;

/** Bytes of one value by field type; a type that is not here is unknown and its field is left alone. */
export const fieldBytes: Readonly<Record<number, number>> = {
  1: 1, // byte
  2: 1, // ascii
  3: 2, // short
  4: 4, // long
  5: 8, // rational
  6: 1, // signed byte
  7: 1, // undefined
  8: 2, // signed short
  9: 4, // signed long
  10: 8, // signed rational
  11: 4, // float
  12: 8, // double
  13: 4, // ifd
  16: 8, // long8
  17: 8, // signed long8
  18: 8, // ifd8
};

/** A field's place as the file states it; `at` is where its values lie, in the entry itself when they fit. */
export interface TiffField {
  readonly type: number;
  readonly count: number;
  readonly at: number;
  readonly bytes: number;
  /** What NDPI adds to a LONG that stands in the entry: its upper word times 2^32. */
  readonly upper?: number;
}

/** Reads unsigned integers (short, long, long8) from a field's raw values. */
export function readIntegers(raw: Uint8Array, type: number, littleEndian: boolean): Float64Array {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const size = fieldBytes[type] ?? 1;
  const values = new Float64Array(Math.floor(raw.byteLength / size));
  for (let i = 0; i < values.length; i++) {
    const at = i * size;
    if (size === 1) values[i] = view.getUint8(at);
    else if (size === 2) values[i] = view.getUint16(at, littleEndian);
    else if (size === 4) values[i] = view.getUint32(at, littleEndian);
    else values[i] = Number(view.getBigUint64(at, littleEndian));
  }
  return values;
}

export const compressionNames: Readonly<Record<number, string>> = {
  1: 'none',
  5: 'lzw',
  7: 'jpeg',
  8: 'deflate',
  32946: 'deflate',
  33003: 'jpeg2000',
  33005: 'jpeg2000',
  34712: 'jpeg2000',
  50000: 'zstd',
  50001: 'webp',
};
