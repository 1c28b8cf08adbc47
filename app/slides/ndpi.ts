/**
 * Hamamatsu NDPI: a classic TIFF with 64-bit offsets (`ndpi-directory.ts`), each of whose directories is one picture:
 *
 *     SourceLens 40, 10, 2.5 ...    a level, one JPEG (`ndpi-jpeg.ts`); one directory for each focal plane
 *     SourceLens -1                 the macro picture
 *     SourceLens -2                 a map of where tissue was found: not shown
 *
 * The fields are named as by OpenSlide and tifffile; the maker has not published the format. What OpenSlide shows is the plane at 0.
 */
import type { RgbImage } from '../core/slide.ts';
import type { ByteSource } from './byte-source.ts';
import { type FieldValues, fieldValues } from './field-values.ts';
import { choosePlane } from './focal-planes.ts';
import { resolutionMpp } from './generic-tiff.ts';
import { decodeRgb, mostPixels } from './image-codec.ts';
import { headOf, mostSidePx, readNdpiJpeg, segmentGrid } from './ndpi-jpeg.ts';
import { createNdpiLevel, tileAreas } from './ndpi-level.ts';
import { findStarts, listedStarts } from './ndpi-segments.ts';
import type { OpenOptions } from './open-slide.ts';
import type { OnStep } from './slide.ts';
import { badStructure, damagedTile, unsupported } from './slide-errors.ts';
import { limits } from './slide-limits.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import { tag } from './tiff-format.ts';
import { createLevelSlide, downsampleOf, type TiffSlide } from './tiff-slide.ts';
import type { TileLevel } from './tile-level.ts';
import { createWholeLevel } from './whole-level.ts';

const jpeg = 7;
const jpegXr = 22_610;
/** No objective magnifies more. */
const mostLens = 1000;
/** A level without segments is decoded at once and kept. */
const mostWholePixels = 3e7;
const longestProperty = 1000;
/** May name a patient or a case. */
const isPersonal = /barcode|label|patient|reference|case|name$/i;

interface NdpiPicture {
  readonly directory: TiffDirectory;
  readonly values: FieldValues;
  readonly lens: number;
  /** In nm from the slide's nominal focus. */
  readonly z: number;
}

/** A level in tiles of two sizes. */
interface NdpiLevel {
  readonly toSee: TileLevel;
  readonly toRead: TileLevel;
  /** Finds the segments, unless that is done: at once where the file lists them, by reading all of the stream where it does not. */
  prepare(onStep?: OnStep): Promise<void>;
}

/** Throws `slide/structure`, `slide/unsupported`, and `slide/no-such-part` for a plane that there is not. */
export async function openNdpi(
  source: ByteSource,
  directories: readonly TiffDirectory[],
  fingerprint: string,
  options: OpenOptions,
): Promise<TiffSlide> {
  const pictures: NdpiPicture[] = [];
  for (const directory of directories.filter(({ parent }) => parent === null)) {
    const values = fieldValues(source, directory.fields, true);
    const [lens = 0] = await values.numbers(tag.ndpiLens);
    const [z = 0] = await values.numbers(tag.ndpiZ);
    pictures.push({ directory, values, lens, z: Number.isFinite(z) ? z : 0 });
  }
  const scanned = pictures.filter(({ lens }) => lens > 0 && lens <= mostLens);
  if (scanned.length === 0) throw badStructure('it has no scan', { directories: directories.length });
  const heights = [...new Set(scanned.map(({ z }) => z))];
  const focalPlanes = choosePlane(
    heights.map((nm) => nm / 1000),
    options.focalPlane,
  );
  const shown = levelsAt(scanned, heights[focalPlanes.shown]);
  const first = shown[0]!;
  const levels: NdpiLevel[] = [];
  for (const { directory } of shown) levels.push(await openLevel(source, directory, levels[0]?.toSee ?? null));
  const macro = pictures.find(({ lens, directory }) => lens === -1 && directory.compression === jpeg);
  const bytes = {
    files: [],
    close: () => source.close(),
  };
  const slide = createLevelSlide(
    bytes,
    {
      format: 'ndpi',
      vendor: 'hamamatsu',
      levels: levels.map(({ toSee }) => toSee),
      associated: macro ? [{ name: 'macro', read: () => readWhole(source, macro.directory) }] : [],
      // As OpenSlide, which trusts no other unit in an NDPI.
      mpp: first.directory.resolution?.unit === 'cm' ? resolutionMpp(first.directory) : null,
      objective: first.lens,
      focalPlanes,
      properties: { ...first.directory.texts, ...(await propertiesOf(first)) },
    },
    fingerprint,
    options,
  );
  return {
    ...slide,
    async levelFor(downsample, onStep) {
      const level = await slide.levelFor(downsample, onStep);
      const own = levels.find(({ toSee }) => toSee === level);
      await own?.prepare(onStep);
      return own?.toRead ?? level;
    },
    async tile(number, x, y, onStep) {
      const asked = slide.info.levels[number];
      await levels.find(({ toSee }) => toSee.widthPx === asked?.widthPx)?.prepare(onStep);
      return slide.tile(number, x, y, onStep);
    },
    async makeLevels(onStep) {
      // They are made of the coarsest.
      await levels.at(-1)!.prepare(onStep);
      await slide.makeLevels(onStep);
    },
  };
}

/** The levels of the plane at this height, finest first. */
function levelsAt(scanned: readonly NdpiPicture[], height: number | undefined): NdpiPicture[] {
  const levels = scanned.filter(({ z }) => z === height).sort((a, b) => b.directory.widthPx - a.directory.widthPx);
  for (const [i, { directory }] of levels.entries())
    if (directory.widthPx === levels[i + 1]?.directory.widthPx)
      throw unsupported('an NDPI with several scans of one size', { directory: directory.index });
  return levels;
}

/** `first` is level 0; null for that itself. */
async function openLevel(source: ByteSource, directory: TiffDirectory, first: TileLevel | null): Promise<NdpiLevel> {
  const { index, compression, pieces } = directory;
  if (compression === jpegXr)
    throw unsupported('an NDPI of JPEG XR, as of fluorescence scans', { directory: index, compression });
  if (compression !== jpeg)
    throw unsupported(`an NDPI whose compression is number ${compression}`, { directory: index });
  if (directory.tiled || pieces.offsets.length !== 1)
    throw badStructure(`directory ${index} is not one strip`, { directory: index, strips: pieces.offsets.length });
  const stream = { offset: pieces.offsets[0]!, length: pieces.byteCounts[0]! };
  const header = await readNdpiJpeg(source, stream, directory);
  const { widthPx, heightPx } = header;
  const size = { widthPx, heightPx, downsample: first ? downsampleOf(first, header) : 1 };
  const grid = segmentGrid(header);
  if (!grid || grid.widthPx > mostSidePx || grid.widthPx * grid.heightPx * 3 > limits.tileBytes) {
    if (widthPx * heightPx > mostWholePixels || widthPx > mostSidePx || heightPx > mostSidePx)
      throw unsupported('an NDPI level without restart markers at which it could be entered', { directory: index });
    const whole = createWholeLevel(size, () => readWhole(source, directory));
    return { toSee: whole, toRead: whole, prepare: async () => {} };
  }
  const count = grid.columns * grid.rows;
  // Each has a byte of px at the least, and a marker.
  if (count > limits.tiles || count * 3 > stream.length)
    throw badStructure(`${count} segments in directory ${index}`, { directory: index, count });
  const segments = { stream, jpeg: header, count };
  const listed = await listedStarts(source, directory.fields, segments);
  let finding: Promise<Float64Array> | null = listed && Promise.resolve(listed);
  const starts = async (onStep?: OnStep): Promise<Float64Array> => {
    finding ??= findStarts(source, segments, onStep);
    try {
      return await finding;
    } catch (thrown) {
      finding = null;
      throw thrown;
    }
  };
  const parts = { ...size, stream, jpeg: header, grid, starts: () => starts() };
  const toSee = createNdpiLevel(source, parts, tileAreas.toSee);
  return {
    toSee,
    // Where rows of chroma are halved, tiles are decoded one by one: low ones would cost more and have more borders.
    toRead: header.mcuHeightPx === 8 ? createNdpiLevel(source, parts, tileAreas.toRead) : toSee,
    prepare: async (onStep) => void (await starts(onStep)),
  };
}

/** A picture decoded at once. */
async function readWhole(source: ByteSource, directory: TiffDirectory): Promise<RgbImage> {
  const { index, pieces } = directory;
  const [offset = 0, length = 0] = [pieces.offsets[0], pieces.byteCounts[0]];
  const header = await readNdpiJpeg(source, { offset, length }, directory);
  const { widthPx, heightPx } = header;
  const fits = Math.max(widthPx, heightPx) <= mostSidePx && widthPx * heightPx <= mostPixels;
  if (!fits || length > limits.tileBytes || pieces.offsets.length !== 1)
    throw unsupported('a picture of an NDPI that is too large', { directory: index, widthPx, heightPx });
  const bytes = await source.read(offset + header.headerBytes, length - header.headerBytes);
  return decodeRgb(Buffer.concat([headOf(header, header), bytes])).catch((thrown) => {
    throw damagedTile({ directory: index }, thrown);
  });
}

/** What the file tells of the scan, but for what may tell of a patient. */
async function propertiesOf({ values, lens }: NdpiPicture): Promise<Record<string, string>> {
  const properties: Record<string, string> = { 'hamamatsu.SourceLens': `${lens}` };
  const [x] = await values.numbers(tag.ndpiX);
  const [y] = await values.numbers(tag.ndpiY);
  const serialNumber = await values.text(tag.ndpiSerialNumber);
  if (x !== undefined) properties['hamamatsu.XOffsetFromSlideCentre'] = `${x}`;
  if (y !== undefined) properties['hamamatsu.YOffsetFromSlideCentre'] = `${y}`;
  if (serialNumber !== '') properties['hamamatsu.SerialNumber'] = serialNumber;
  for (const line of (await values.text(tag.ndpiProperties)).slice(0, limits.valueBytes / 16).split(/\r?\n/)) {
    const [, key = '', value = ''] = /^([^=]{1,200})=(.+)$/.exec(line) ?? [];
    if (key !== '' && !isPersonal.test(key) && value.length <= longestProperty) properties[`hamamatsu.${key}`] = value;
  }
  return properties;
}
