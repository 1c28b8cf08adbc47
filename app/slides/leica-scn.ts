/**
 * Leica SCN: a BigTIFF whose first description is XML. Regions were scanned apart; their places are in nm from the glass's corner.
 *
 *     scn > collection (sizeX, sizeY nm)
 *             image > view (sizeX, sizeY, offsetX, offsetY nm)              the whole glass: the macro picture
 *                   > pixels > dimension (ifd, sizeX, sizeY px, r, z)       otherwise: a region, a directory for each level and
 *                                                                           focal plane; view's spacingZ nm lie between planes
 *                   > scanSettings > objectiveSettings > objective
 *                                  > illuminationSettings > illuminationSource
 *
 * The slide is the whole glass, as OpenSlide has it, so that coordinates are the same for all regions.
 */
import type { Mpp } from '../core/pyramid.ts';
import { choosePlane } from './focal-planes.ts';
import { resolutionMpp } from './generic-tiff.ts';
import { parseDecimal, plausibleMpp } from './plausible-mpp.ts';
import { badStructure, unsupported } from './slide-errors.ts';
import { limits } from './slide-limits.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { PlacedDirectories, TiffLayout } from './tiff-slide.ts';
import { childrenOf, elementAt, looksLikeXml, parseXml, type XmlElement } from './xml.ts';

const namespace = 'http://www.leica-microsystems.com/scn/';
/** Regions share a level when their px differ by less; the size of a view is rounded to whole px. */
const scaleTolerance = 0.01;

interface Box {
  readonly width: number;
  readonly height: number;
  readonly x: number;
  readonly y: number;
}

interface ScnImage {
  readonly element: XmlElement;
  /** In nm. */
  readonly view: Box;
  /** Levels by focal plane, finest first; there is always a plane 0. */
  readonly planes: ReadonlyMap<number, readonly ScnLevel[]>;
  readonly planeStepNm: number;
}

interface ScnLevel {
  readonly directory: TiffDirectory;
  readonly nmPerPx: number;
}

/** Null when the file is not Leica's; throws `slide/unsupported`, `slide/structure`, `slide/no-such-part`. */
export function readLeicaScn(directories: readonly TiffDirectory[], focalPlane?: number): TiffLayout | null {
  const { description, texts } = directories[0]!;
  if (!looksLikeXml(description) || !description.slice(0, 4096).includes(namespace)) return null;
  const root = parseXml(description);
  const collection = elementAt(root, 'collection');
  if (root.name !== 'scn' || !collection) return null;
  const glass = { width: nm(collection, 'sizeX'), height: nm(collection, 'sizeY') };
  const images = childrenOf(collection, 'image').map((element) => imageOf(element, directories));
  const isMacro = ({ view }: ScnImage): boolean =>
    view.x === 0 && view.y === 0 && view.width === glass.width && view.height === glass.height;
  const regions = images.filter((image) => !isMacro(image));
  const bright = regions.filter(({ element }) => (illumination(element) ?? 'brightfield') === 'brightfield');
  if (regions.length > 0 && bright.length === 0)
    throw unsupported('a Leica SCN slide without a brightfield scan', {
      source: illumination(regions[0]!.element) ?? '',
    });
  const first = bright[0];
  if (!first) throw badStructure('its XML names no scan', { images: images.length });
  const macro = images.find(isMacro)?.planes.get(0)?.[0]?.directory;
  const planes = planesOf(bright);
  const focalPlanes = choosePlane(
    planes.map((z) => (first.planeStepNm > 0 ? (z * first.planeStepNm) / 1000 : null)),
    focalPlane,
    planes.indexOf(0),
  );
  const objective = parseDecimal(elementAt(first.element, 'scanSettings', 'objectiveSettings', 'objective')?.text);
  return {
    format: 'scn',
    vendor: 'leica',
    levels: placeLevels(glass, bright, planes[focalPlanes.shown]!),
    focalPlanes,
    associated: macro ? [{ name: 'macro', directory: macro }] : [],
    mpp: mppOf(first),
    objective: objective > 0 ? objective : null,
    properties: { ...texts, ...propertiesOf(bright) },
  };
}

/** A length in nm; 0 where it is none. */
function nm(element: XmlElement | undefined, name: string): number {
  const text = element?.attributes.get(name) ?? '';
  return /^\d{1,12}$/.test(text) ? Number(text) : 0;
}

function imageOf(element: XmlElement, directories: readonly TiffDirectory[]): ScnImage {
  const seen = elementAt(element, 'view');
  const view = { width: nm(seen, 'sizeX'), height: nm(seen, 'sizeY'), x: nm(seen, 'offsetX'), y: nm(seen, 'offsetY') };
  const pixels = elementAt(element, 'pixels');
  const planes = new Map<number, ScnLevel[]>();
  for (const { attributes } of pixels ? childrenOf(pixels, 'dimension') : []) {
    const z = attributes.get('z') ?? '0';
    if (!/^\d{1,3}$/.test(z)) throw badStructure('its XML names a focal plane that is none', { z: z.slice(0, 20) });
    const directory = directories[Number(attributes.get('ifd') ?? Number.NaN)];
    if (directory?.parent !== null)
      throw badStructure('its XML names a directory that is not there', { ifd: attributes.get('ifd') ?? '' });
    const levels = [...(planes.get(Number(z)) ?? []), { directory, nmPerPx: view.width / directory.widthPx }];
    planes.set(
      Number(z),
      levels.sort((a, b) => a.nmPerPx - b.nmPerPx),
    );
  }
  if (!planes.has(0) || view.width === 0 || view.height === 0)
    throw badStructure('its XML places a picture nowhere', { planes: planes.size, widthNm: view.width });
  return { element, view, planes, planeStepNm: nm(seen, 'spacingZ') };
}

/** Plane 0, which is the one in focus, and those that have the same levels as it in all regions. */
function planesOf(regions: readonly ScnImage[]): number[] {
  const sizes = ({ planes }: ScnImage, z: number): string =>
    (planes.get(z) ?? []).map(({ directory }) => `${directory.widthPx}x${directory.heightPx}`).join(' ');
  return [...regions[0]!.planes.keys()]
    .filter((z) => regions.every((region) => sizes(region, z) === sizes(region, 0)))
    .sort((a, b) => a - b);
}

function illumination(image: XmlElement): string | undefined {
  return elementAt(image, 'scanSettings', 'illuminationSettings', 'illuminationSource')?.text;
}

/** The levels that all regions have in a focal plane, each as large as the glass. */
function placeLevels(
  glass: { width: number; height: number },
  images: readonly ScnImage[],
  plane: number,
): PlacedDirectories[] {
  const regions = images.map(({ view, planes }) => ({ view, levels: planes.get(plane)! }));
  const [first] = regions;
  const depth = Math.min(...regions.map(({ levels }) => levels.length));
  return first!.levels.slice(0, depth).map(({ nmPerPx }, k) => {
    const widthPx = Math.ceil(glass.width / nmPerPx);
    const heightPx = Math.ceil(glass.height / nmPerPx);
    const { sidePx, pixels } = limits;
    if (!(widthPx >= 1 && widthPx <= sidePx && heightPx >= 1 && heightPx <= sidePx && widthPx * heightPx <= pixels))
      throw badStructure(`a glass of ${widthPx} x ${heightPx} px`, { widthPx, heightPx });
    const parts = regions.map(({ view, levels }) => {
      const own = levels[k]!;
      if (Math.abs(own.nmPerPx / nmPerPx - 1) > scaleTolerance)
        throw unsupported('a Leica SCN slide whose regions were scanned at several resolutions', {
          nmPerPx,
          other: own.nmPerPx,
        });
      if (!own.directory.tiled)
        throw unsupported('a Leica SCN slide without tiles', { directory: own.directory.index });
      return { directory: own.directory, x: Math.round(view.x / nmPerPx), y: Math.round(view.y / nmPerPx) };
    });
    return { widthPx, heightPx, downsample: nmPerPx / first!.levels[0]!.nmPerPx, parts };
  });
}

/** The resolution tags of the scan; without them the size of its view. */
function mppOf({ view, planes }: ScnImage): Mpp | null {
  const { directory } = planes.get(0)![0]!;
  const um = (lengthNm: number, px: number): number => lengthNm / px / 1000;
  return (
    resolutionMpp(directory) ?? plausibleMpp(um(view.width, directory.widthPx), um(view.height, directory.heightPx))
  );
}

/** What the slide says of itself; the barcode, which names a patient's case, is left out. */
function propertiesOf([first, ...others]: readonly ScnImage[]): Record<string, string> {
  const properties: Record<string, string> = { 'leica.regions': `${others.length + 1}` };
  const add = (name: string, value: string | undefined): void => {
    if (value) properties[`leica.${name}`] = value;
  };
  const { element } = first!;
  add('creation-date', elementAt(element, 'creationDate')?.text);
  add('device-model', elementAt(element, 'device')?.attributes.get('model'));
  add('device-version', elementAt(element, 'device')?.attributes.get('version'));
  add('illumination-source', illumination(element));
  add('objective', elementAt(element, 'scanSettings', 'objectiveSettings', 'objective')?.text);
  add('aperture', elementAt(element, 'scanSettings', 'illuminationSettings', 'numericalAperture')?.text);
  return properties;
}
