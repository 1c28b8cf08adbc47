/**
 * OME-TIFF: OME-XML in the first directory's description says which directory is which picture; smaller copies are its SubIFDs.
 *
 *     OME > Image (Name) > Pixels (SizeX, SizeY, SizeC, PhysicalSizeX, ...) > TiffData (IFD)
 *                                                                           > Channel (SamplesPerPixel)
 *     directory TiffData.IFD           level 0
 *         SubIFDs                      levels 1, 2, ...
 *
 * The largest picture is the slide; others are pictures beside it, named by their Name. One plane of 8-bit RGB is read.
 * Source: OME-TIFF specification 6.0, OME-XML schema 2016-06.
 */
import type { Mpp } from '../core/pyramid.ts';
import { chooseLevels, resolutionMpp } from './generic-tiff.ts';
import { parseDecimal, plausibleMpp } from './plausible-mpp.ts';
import { badStructure, unsupported } from './slide-errors.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffLayout } from './tiff-slide.ts';
import { childrenOf, elementAt, looksLikeXml, parseXml, type XmlElement } from './xml.ts';

interface OmePicture {
  readonly name: string;
  readonly pixels: XmlElement;
  readonly directory: TiffDirectory;
}

/** Null when the file is no OME-TIFF; throws `slide/unsupported` with what is not read, `slide/structure`. */
export function readOmeTiff(directories: readonly TiffDirectory[]): TiffLayout | null {
  const { description, texts } = directories[0]!;
  if (!looksLikeXml(description) || !/<(\w+:)?OME[\s>]/.test(description.slice(0, 4096))) return null;
  const ome = parseXml(description);
  if (ome.name !== 'OME') return null;
  if (elementAt(ome, 'BinaryOnly'))
    throw unsupported('an OME-TIFF whose description is in another file', {
      file: elementAt(ome, 'BinaryOnly')?.attributes.get('MetadataFile') ?? '',
    });
  const pictures = childrenOf(ome, 'Image').flatMap((image) => pictureOf(image, directories) ?? []);
  const main = pictures.toSorted((a, b) => area(b.directory) - area(a.directory))[0];
  if (!main) throw badStructure('its OME-XML names no picture', { images: childrenOf(ome, 'Image').length });
  refuseOtherKinds(main);
  const { directory } = main;
  if (!directory.tiled)
    throw unsupported('its pixels lie in strips, not in tiles', {
      widthPx: directory.widthPx,
      heightPx: directory.heightPx,
    });
  const levels = chooseLevels([directory, ...copiesOf(directory, directories, pictures)]);
  const size = (axis: 'X' | 'Y'): number => physicalUm(main.pixels, axis);
  const objective = parseDecimal(elementAt(ome, 'Instrument', 'Objective')?.attributes.get('NominalMagnification'));
  return {
    format: 'ome-tiff',
    vendor: 'ome',
    levels,
    associated: nameOthers(pictures.filter((picture) => picture !== main)),
    mpp: plausibleMpp(size('X'), size('Y')) ?? statedElsewhere(main, directory),
    objective: objective > 0 ? objective : null,
    properties: { ...texts, ...propertiesOf(ome, main) },
  };
}

/** Null for a picture without pixels in this file's directories. */
function pictureOf(image: XmlElement, directories: readonly TiffDirectory[]): OmePicture | null {
  const pixels = elementAt(image, 'Pixels');
  if (!pixels) return null;
  const index = wholeNumber(elementAt(pixels, 'TiffData')?.attributes.get('IFD'), 0);
  const directory = directories[index];
  if (directory?.parent !== null) return null;
  return { name: image.attributes.get('Name') ?? '', pixels, directory };
}

/** What is described but is no plane of 8-bit RGB: said in words, with the numbers. */
function refuseOtherKinds({ pixels, directory }: OmePicture): void {
  const number = (name: string, otherwise = 1): number => wholeNumber(pixels.attributes.get(name), otherwise);
  const [channels, focalPlanes, times] = [number('SizeC', directory.samples), number('SizeZ'), number('SizeT')];
  const fields = {
    channels,
    samples: directory.samples,
    focalPlanes,
    times,
    type: pixels.attributes.get('Type') ?? '',
  };
  if (focalPlanes > 1) throw unsupported(`an OME-TIFF of ${focalPlanes} focal planes`, fields);
  if (times > 1) throw unsupported(`an OME-TIFF of ${times} points in time`, fields);
  if (channels !== directory.samples)
    throw unsupported(
      `a multi-channel OME-TIFF (${channels} channels in pictures of their own, as fluorescence has); only RGB is read`,
      fields,
    );
  if (fields.type !== '' && fields.type !== 'uint8')
    throw unsupported(`an OME-TIFF of type ${fields.type}; only uint8 is read`, fields);
  const files = new Set(
    childrenOf(pixels, 'TiffData').map((data) => elementAt(data, 'UUID')?.attributes.get('FileName') ?? ''),
  );
  if (files.size > 1) throw unsupported(`an OME-TIFF spread over ${files.size} files`, { files: files.size });
}

/** Its SubIFDs; where it has none (files older than OME-TIFF 6), directories of the chain that say they are reduced copies. */
function copiesOf(
  main: TiffDirectory,
  directories: readonly TiffDirectory[],
  pictures: readonly OmePicture[],
): TiffDirectory[] {
  const below = directories.filter(({ parent }) => parent === main.index);
  if (below.length > 0) return below.map((directory) => ({ ...directory, parent: null }));
  return directories.filter(
    (directory) =>
      directory.parent === null && directory.reduced && !pictures.some((picture) => picture.directory === directory),
  );
}

const unitUm: Readonly<Record<string, number>> = {
  m: 1e6,
  dm: 1e5,
  cm: 1e4,
  mm: 1e3,
  µm: 1,
  nm: 1e-3,
  pm: 1e-6,
  Å: 1e-4,
  in: 25_400,
  pt: 25_400 / 72,
};

/** µm per px on an axis as the XML states it; NaN where it does not, or in a unit that is none of length. */
function physicalUm({ attributes }: XmlElement, axis: 'X' | 'Y'): number {
  // The Greek letter, the micro sign, and what is left of either where a program wrote it in Latin-1.
  const unit = (attributes.get(`PhysicalSize${axis}Unit`) ?? 'µm').replace(/^(μ|\uFFFD|u)m$/, 'µm');
  return parseDecimal(attributes.get(`PhysicalSize${axis}`)) * (unitUm[unit] ?? Number.NaN);
}

/** The resolution tags, unless the XML states a size: a size that cannot be true is no reason to believe another number. */
function statedElsewhere({ pixels }: OmePicture, directory: TiffDirectory): Mpp | null {
  return pixels.attributes.has('PhysicalSizeX') ? null : resolutionMpp(directory);
}

function nameOthers(pictures: readonly OmePicture[]): { name: string; directory: TiffDirectory }[] {
  const named = new Map<string, TiffDirectory>();
  for (const { name, directory } of pictures) {
    const word = /label|macro|overview|thumbnail/i.exec(name)?.[0].toLowerCase();
    const short = word === 'overview' ? 'macro' : (word ?? `picture-${directory.index}`);
    named.set(named.has(short) ? `picture-${directory.index}` : short, directory);
  }
  return [...named].map(([name, directory]) => ({ name, directory }));
}

function propertiesOf(ome: XmlElement, { name, pixels }: OmePicture): Record<string, string> {
  const properties: Record<string, string> = {};
  const creator = ome.attributes.get('Creator');
  if (creator) properties['ome.Creator'] = creator;
  if (name) properties['ome.Image.Name'] = name;
  for (const [key, value] of pixels.attributes) properties[`ome.Pixels.${key}`] = value;
  return properties;
}

function wholeNumber(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^\d{1,9}$/.test(text.trim()) ? Number(text) : otherwise;
}

function area({ widthPx, heightPx }: TiffDirectory): number {
  return widthPx * heightPx;
}
