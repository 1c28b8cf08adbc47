/**
 * Philips TIFF: a TIFF of the software "Philips ..." whose first description is XML.
 *
 *     DataObject DPUfsImport > PIM_DP_SCANNED_IMAGES > DataObject DPScannedImage    PIM_DP_IMAGE_TYPE WSI
 *                                                        > PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE   a spacing for each level
 *                                                    > DataObject DPScannedImage    LABELIMAGE, MACROIMAGE: a JPEG in base64
 *     directory 0, 1, 2 ...    levels, tiled, each filled up to whole tiles; tiles of glass are left out
 *     last, maybe              "Label" and "Macro" as directories of their own
 *
 * The true size of a level is that of level 0 divided by the ratio of their spacings; what lies behind it is filling and is cut off.
 */
import { plausibleMpp } from './plausible-mpp.ts';
import { badStructure, unsupported } from './slide-errors.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffLayout, TiffPicture } from './tiff-slide.ts';
import { childrenOf, elementAt, looksLikeXml, parseXml, type XmlElement } from './xml.ts';

const pictureNames: Readonly<Record<string, string>> = { LABELIMAGE: 'label', MACROIMAGE: 'macro' };
const longestProperty = 1000;

/** Null when the file is not Philips'; throws `slide/unsupported`, `slide/structure`. */
export function readPhilipsTiff(directories: readonly TiffDirectory[]): TiffLayout | null {
  const first = directories[0]!;
  const { description, texts } = first;
  if (!texts['tiff.software']?.startsWith('Philips') || !looksLikeXml(description)) return null;
  if (!description.slice(0, 4096).includes('DPUfsImport')) return null;
  if (!first.tiled)
    throw unsupported('a Philips slide without tiles', { widthPx: first.widthPx, heightPx: first.heightPx });
  const root = parseXml(description);
  const images = objectsIn(root, 'PIM_DP_SCANNED_IMAGES');
  const scan = images.find((image) => textOf(image, 'PIM_DP_IMAGE_TYPE') === 'WSI');
  if (!scan) throw badStructure('its XML names no scan', { images: images.length });

  const chain = directories.filter((directory) => directory.parent === null);
  const named = chain.filter((directory) => nameOf(directory) !== null);
  const spacings = levelSpacings(scan);
  const levels = chain
    .filter((directory) => directory.tiled && !named.includes(directory))
    .map((directory, k) => cutFilling(first, directory, k, spacings));
  const spacing = spacings.get(0) ?? spacingIn(scan);
  return {
    format: 'philips',
    vendor: 'philips',
    levels,
    associated: [...embeddedPictures(images), ...named.map((directory) => ({ name: nameOf(directory)!, directory }))],
    mpp: spacing && plausibleMpp(spacing.x * 1000, spacing.y * 1000),
    objective: null,
    properties: { ...texts, ...propertiesOf(root), ...propertiesOf(scan) },
  };
}

function nameOf({ description, parent }: TiffDirectory): string | null {
  return parent === null ? (/^(label|macro)\b/i.exec(description)?.[1]?.toLowerCase() ?? null) : null;
}

function attribute(object: XmlElement, name: string): XmlElement | undefined {
  return childrenOf(object, 'Attribute').find((each) => each.attributes.get('Name') === name);
}

function textOf(object: XmlElement, name: string): string | undefined {
  return attribute(object, name)?.text;
}

function objectsIn(object: XmlElement, name: string): XmlElement[] {
  const array = attribute(object, name);
  const holder = array && elementAt(array, 'Array');
  return holder ? childrenOf(holder, 'DataObject') : [];
}

interface Spacing {
  readonly x: number;
  readonly y: number;
}

/** mm per px; DICOM states that between rows first. Null where it is not two numbers. */
function spacingIn(object: XmlElement): Spacing | null {
  const numbers = /^\s*"?([\d.eE+-]+)"?\s+"?([\d.eE+-]+)"?\s*$/.exec(textOf(object, 'DICOM_PIXEL_SPACING') ?? '');
  const [y, x] = [Number(numbers?.[1]), Number(numbers?.[2])];
  return x > 0 && y > 0 ? { x, y } : null;
}

/** By number of the level. */
function levelSpacings(scan: XmlElement): Map<number, Spacing> {
  const spacings = new Map<number, Spacing>();
  for (const [i, level] of objectsIn(scan, 'PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE').entries()) {
    const spacing = spacingIn(level);
    const number = Number(textOf(level, 'PIIM_PIXEL_DATA_REPRESENTATION_NUMBER') ?? i);
    if (spacing) spacings.set(number, spacing);
  }
  return spacings;
}

/** A level without what fills it up to whole tiles. */
function cutFilling(
  first: TiffDirectory,
  level: TiffDirectory,
  k: number,
  spacings: ReadonlyMap<number, Spacing>,
): TiffDirectory {
  const [base, own] = [spacings.get(0), spacings.get(k)];
  // Each level is half of the one before, which is also what a scan without spacings means.
  const downsample = base && own ? Math.round(own.x / base.x) : 2 ** k;
  const widthPx = Math.floor(first.widthPx / downsample);
  const heightPx = Math.floor(first.heightPx / downsample);
  const fits = widthPx >= 1 && heightPx >= 1 && widthPx <= level.widthPx && heightPx <= level.heightPx;
  if (!fits)
    throw badStructure(`level ${k} is smaller than its spacing says`, {
      directory: level.index,
      widthPx: level.widthPx,
      heightPx: level.heightPx,
      downsample,
    });
  return cropPieces(level, widthPx, heightPx);
}

/** The same directory with fewer columns and rows of tiles. */
function cropPieces(directory: TiffDirectory, widthPx: number, heightPx: number): TiffDirectory {
  const { pieceWidthPx, pieceHeightPx, pieces } = directory;
  const storedColumns = Math.ceil(directory.widthPx / pieceWidthPx);
  const columns = Math.ceil(widthPx / pieceWidthPx);
  const rows = Math.ceil(heightPx / pieceHeightPx);
  const kept = (table: Float64Array): Float64Array => {
    const part = new Float64Array(columns * rows);
    for (let row = 0; row < rows; row++)
      part.set(table.subarray(row * storedColumns, row * storedColumns + columns), row * columns);
    return part;
  };
  return {
    ...directory,
    widthPx,
    heightPx,
    pieces: { offsets: kept(pieces.offsets), byteCounts: kept(pieces.byteCounts) },
  };
}

/** Label and macro as the XML holds them. */
function embeddedPictures(images: readonly XmlElement[]): TiffPicture[] {
  return images.flatMap((image) => {
    const name = pictureNames[textOf(image, 'PIM_DP_IMAGE_TYPE') ?? ''];
    const jpeg = Buffer.from(textOf(image, 'PIM_DP_IMAGE_DATA') ?? '', 'base64');
    return name && jpeg[0] === 0xff && jpeg[1] === 0xd8 ? [{ name, jpeg }] : [];
  });
}

/** Attributes with a short value of their own; the barcode, which names a patient's case, is left out. */
function propertiesOf(object: XmlElement): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const { attributes, children, text } of childrenOf(object, 'Attribute')) {
    const name = attributes.get('Name');
    if (name && !/barcode/i.test(name) && children.length === 0 && text.length <= longestProperty)
      properties[`philips.${name}`] = text;
  }
  return properties;
}
