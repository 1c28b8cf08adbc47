/**
 * A heat map as a georeferenced TIFF: one float32 band a class, one px a cell, NaN where nothing was predicted.
 *
 * The world is the slide in level-0 px with y down, which ModelTransformation says exactly (ModelPixelScale with a tie
 * point cannot: readers take its y upwards). Class names are the bands' descriptions, in GDAL's own tag.
 */
import { escapeMarkup } from '../../core/escape-markup.ts';
import { researchUseOnly } from '../../core/research-use.ts';
import type { Heatmap } from '../heatmap.ts';

/** TIFF field types: width in bytes of one value. */
const fieldTypes = {
  ascii: { code: 2, bytes: 1 },
  short: { code: 3, bytes: 2 },
  long: { code: 4, bytes: 4 },
  double: { code: 12, bytes: 8 },
};

interface Field {
  readonly tag: number;
  readonly type: keyof typeof fieldTypes;
  readonly values: readonly number[];
}

const stripByteTarget = 1 << 18;

/** Little-endian classic TIFF, uncompressed, bands one after another. Throws RangeError beyond 4 GB. */
export function heatmapTiff(
  map: Heatmap,
  words: { readonly description: string; readonly software: string },
): Uint8Array {
  const { grid, classes } = map.header;
  if (grid.columns < 1 || grid.rows < 1) throw new RangeError('a heat map without cells has no picture');
  const rowBytes = grid.columns * 4;
  const bandBytes = rowBytes * grid.rows;
  if (bandBytes * classes.length > 0xf000_0000) throw new RangeError('a heat map beyond 4 GB needs BigTIFF');
  const rowsPerStrip = Math.max(1, Math.min(grid.rows, Math.floor(stripByteTarget / rowBytes)));
  const stripsPerBand = Math.ceil(grid.rows / rowsPerStrip);
  const perBand = (value: number): number[] => classes.map(() => value);
  const strips = classes.flatMap((_, band) =>
    Array.from({ length: stripsPerBand }, (_, i) => ({ band, row: i * rowsPerStrip })),
  );
  const stripBytes = strips.map(({ row }) => Math.min(rowsPerStrip, grid.rows - row) * rowBytes);
  const fields = (stripOffsets: readonly number[]): Field[] => [
    { tag: 256, type: 'long', values: [grid.columns] },
    { tag: 257, type: 'long', values: [grid.rows] },
    { tag: 258, type: 'short', values: perBand(32) },
    { tag: 259, type: 'short', values: [1] },
    { tag: 262, type: 'short', values: [1] },
    { tag: 270, type: 'ascii', values: ascii(words.description) },
    { tag: 273, type: 'long', values: stripOffsets },
    { tag: 277, type: 'short', values: [classes.length] },
    { tag: 278, type: 'long', values: [rowsPerStrip] },
    { tag: 279, type: 'long', values: stripBytes },
    { tag: 284, type: 'short', values: [2] },
    { tag: 305, type: 'ascii', values: ascii(words.software) },
    // Bands beyond the first are unspecified extra samples.
    ...(classes.length > 1 ? [{ tag: 338, type: 'short', values: perBand(0).slice(1) } as const] : []),
    { tag: 339, type: 'short', values: perBand(3) },
    // Column and row to level-0 px: x = strideX * column + x, y = strideY * row + y.
    {
      tag: 34264,
      type: 'double',
      values: [grid.strideX, 0, 0, grid.x, 0, grid.strideY, 0, grid.y, 0, 0, 0, 0, 0, 0, 0, 1],
    },
    // GTModelType 32767 (user-defined: a plane of pixels), GTRasterType 1 (a pixel is an area).
    { tag: 34735, type: 'short', values: [1, 1, 0, 2, 1024, 0, 1, 32767, 1025, 0, 1, 1] },
    { tag: 42112, type: 'ascii', values: ascii(gdalMetadata(map)) },
    { tag: 42113, type: 'ascii', values: ascii('nan') },
  ];
  const headBytes = 8 + directoryBytes(fields(strips.map(() => 0)));
  let at = headBytes;
  const stripOffsets = stripBytes.map((bytes) => {
    const offset = at;
    at += bytes;
    return offset;
  });
  const file = new Uint8Array(at);
  writeDirectory(new DataView(file.buffer), fields(stripOffsets));
  writeBands(new DataView(file.buffer), map, headBytes);
  return file;
}

function writeBands(view: DataView, map: Heatmap, start: number): void {
  const classes = map.header.classes.length;
  const cells = map.values.length / classes;
  for (let band = 0; band < classes; band++) {
    for (let cell = 0; cell < cells; cell++) {
      view.setFloat32(start + (band * cells + cell) * 4, map.values[cell * classes + band]!, true);
    }
  }
}

function gdalMetadata(map: Heatmap): string {
  const { grid, mpp, classes } = map.header;
  const item = (name: string, value: string, more = ''): string =>
    `<Item name="${name}"${more}>${escapeMarkup(value)}</Item>`;
  return [
    '<GDALMetadata>',
    item('RESEARCH_USE_ONLY', researchUseOnly),
    item('UNITS', 'level-0 px of the slide, x to the right, y down'),
    item('PATCH_SIZE', `${grid.patchWidth} ${grid.patchHeight}`),
    item('SLIDE_MPP', mpp === null ? 'unknown' : `${mpp.x} ${mpp.y}`),
    ...classes.map(({ name }, band) => item('DESCRIPTION', name, ` sample="${band}" role="description"`)),
    '</GDALMetadata>',
  ].join('');
}

/** UTF-8 and the closing zero. */
function ascii(text: string): number[] {
  return [...new TextEncoder().encode(text), 0];
}

/** Bytes of the directory with the values that do not fit into its entries. */
function directoryBytes(fields: readonly Field[]): number {
  return fields.reduce((sum, field) => sum + outside(field), 2 + 12 * fields.length + 4);
}

/** Bytes of a field's values where they stand outside its entry, on an even offset. */
function outside({ type, values }: Field): number {
  const bytes = values.length * fieldTypes[type].bytes;
  return bytes <= 4 ? 0 : bytes + (bytes % 2);
}

function writeDirectory(view: DataView, fields: readonly Field[]): void {
  view.setUint16(0, 0x4949, true);
  view.setUint16(2, 42, true);
  view.setUint32(4, 8, true);
  view.setUint16(8, fields.length, true);
  let beyond = 8 + 2 + 12 * fields.length + 4;
  fields.forEach((field, i) => {
    const entry = 10 + 12 * i;
    const { code, bytes } = fieldTypes[field.type];
    view.setUint16(entry, field.tag, true);
    view.setUint16(entry + 2, code, true);
    view.setUint32(entry + 4, field.values.length, true);
    const extra = outside(field);
    if (extra > 0) view.setUint32(entry + 8, beyond, true);
    const at = extra > 0 ? beyond : entry + 8;
    field.values.forEach((value, k) => {
      if (field.type === 'ascii') view.setUint8(at + k, value);
      else if (field.type === 'short') view.setUint16(at + k * bytes, value, true);
      else if (field.type === 'long') view.setUint32(at + k * bytes, value, true);
      else view.setFloat64(at + k * bytes, value, true);
    });
    beyond += extra;
  });
}
