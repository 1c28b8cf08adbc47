/** Which directories of a TIFF go into a copy without names, and what their descriptions say then. */
import { EosinError } from '../../core/errors.ts';
import { readAperioSvs } from '../aperio-svs.ts';
import { readGenericTiff } from '../generic-tiff.ts';
import { readLeicaScn } from '../leica-scn.ts';
import { readOmeTiff } from '../ome-tiff.ts';
import { readPhilipsTiff } from '../philips-tiff.ts';
import { readQptiff } from '../qptiff.ts';
import type { TiffDirectory } from '../tiff-directory.ts';
import type { TiffLayout } from '../tiff-slide.ts';
import { parseXml } from '../xml.ts';
import { cleanAperio } from './aperio-description.ts';
import { leicaScans, valuesOfXml, writeLeica, writeOme, writePhilips, writeQptiff } from './xml-descriptions.ts';

export interface KeptDirectory {
  readonly directory: TiffDirectory;
  /** ImageDescription and Software as the copy has them; null for none. */
  readonly description: string | null;
  readonly software: string | null;
  /** Its SubIFDs. */
  readonly below: readonly KeptDirectory[];
}

export interface TiffPlan {
  /** In the order of the new chain. */
  readonly kept: readonly KeptDirectory[];
  /** A white picture as the last directory, where other programs open no file of this format without one. */
  readonly blank?: { readonly widthPx: number; readonly heightPx: number };
  /** Names of the pictures beside the slide that are left out. */
  readonly pictures: readonly string[];
}

/** By which programs know Philips' files. */
export const philipsSoftware = 'Philips DP';
/** Hamamatsu's own field: without others of its kind the file could not be read any more. */
const hamamatsuFormat = 65_420;

/** Throws `deidentify/unsupported` for a file that cannot be copied and still be what it was; `slide/...` as the readers do. */
export function planTiffCopy(directories: readonly TiffDirectory[]): TiffPlan {
  const first = directories[0]!;
  if (first.fields.has(hamamatsuFormat))
    throw notCopied('a Hamamatsu NDPI, whose private fields hold names and places in one');
  if (!first.tiled && !first.description.startsWith('Aperio'))
    return { kept: [keep(first, null)], pictures: pictureNames(directories.slice(1)) };
  const aperio = readAperioSvs(directories);
  if (aperio) return planned(directories, aperio, (directory) => cleanAperio(directory.description).text);
  const ome = readOmeTiff(directories);
  if (ome) return planOme(directories, ome);
  const philips = readPhilipsTiff(directories);
  if (philips) {
    const text = writePhilips(parseXml(first.description));
    return planned(directories, philips, ({ index }) => (index === 0 ? text : null), philipsSoftware);
  }
  const leica = readLeicaScn(directories);
  if (leica) return planLeica(directories, leica);
  const qptiff = readQptiff(directories);
  if (qptiff)
    return planned(directories, qptiff, ({ index }) =>
      writeQptiff(index === firstIndex(qptiff) ? 'FullResolution' : 'ReducedResolution', qptiff.objective),
    );
  return planned(directories, readGenericTiff(directories), () => null);
}

function keep(directory: TiffDirectory, description: string | null, software: string | null = null): KeptDirectory {
  return { directory, description, software, below: [] };
}

/** The directories of the layout's levels where they were: in the chain, or below their parent. */
function planned(
  directories: readonly TiffDirectory[],
  layout: TiffLayout,
  describe: (directory: TiffDirectory) => string | null,
  software: string | null = null,
): TiffPlan {
  // A reader may have cut a directory to its true size: what is copied is what is stored.
  const indexes = layout.levels.map((level) => ('parts' in level ? -1 : level.index));
  const stored = directories.filter(({ index }) => indexes.includes(index));
  const kept = stored
    .filter(({ parent }) => parent === null)
    .map((directory) => ({
      ...keep(directory, describe(directory), directory.index === 0 ? software : null),
      below: stored.filter(({ parent }) => parent === directory.index).map((below) => keep(below, describe(below))),
    }));
  return { kept, pictures: layout.associated.map(({ name }) => name) };
}

function planOme(directories: readonly TiffDirectory[], layout: TiffLayout): TiffPlan {
  const first = firstIndex(layout);
  const { kept, pictures } = planned(directories, layout, () => null);
  const main = kept.find(({ directory }) => directory.index === first)!;
  const stated = parseXml(directories[0]!.description);
  const states = JSON.stringify(valuesOfXml('', stated)).includes('Pixels.PhysicalSizeX');
  // A size that cannot be true stays one that is not known.
  const scale = states ? (layout.mpp ?? { x: 0, y: 0 }) : null;
  const described = { ...main, description: writeOme(main.directory, scale, layout.objective) };
  return { kept: [described, ...kept.filter((each) => each !== main)], pictures };
}

function planLeica(directories: readonly TiffDirectory[], layout: TiffLayout): TiffPlan {
  const root = parseXml(directories[0]!.description);
  const scans = leicaScans(root);
  const wanted = new Set(scans.flatMap((scan) => scan.directories));
  const stored = directories.filter(({ index, parent }) => parent === null && wanted.has(index));
  const places = new Map(stored.map(({ index }, place) => [index, place]));
  // OpenSlide 4 refuses a file without a macro picture.
  const blank = { widthPx: 64, heightPx: 32 };
  const text = writeLeica(root, scans, places, { ...blank, ifd: stored.length });
  return {
    blank,
    kept: stored.map((directory, place) => keep(directory, place === 0 ? text : null)),
    pictures: layout.associated.map(({ name }) => name),
  };
}

function firstIndex({ levels }: TiffLayout): number {
  const first = levels[0]!;
  return 'parts' in first ? first.parts[0]!.directory.index : first.index;
}

function pictureNames(directories: readonly TiffDirectory[]): string[] {
  return directories.map(({ index }) => `picture-${index}`);
}

export function notCopied(what: string): EosinError {
  return new EosinError('deidentify/unsupported', 'input', `Eosin makes no copy without names of ${what}.`, {
    remedy:
      'Write its pixels anew: `vips tiffsave IN OUT.tif --tile --pyramid --bigtiff --compression jpeg --strip`; then take the names out of OUT.tif.',
  });
}
