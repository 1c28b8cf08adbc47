/** One file of a DICOM whole slide: its fields read and held against each other, its frames found, no pixel touched. */
import { basename } from 'node:path';
import type { Mpp } from '../core/pyramid.ts';
import type { ByteSource } from './byte-source.ts';
import { type DicomHeader, type DicomItem, integerOf, readDicomHeader, textOf } from './dicom-data-set.ts';
import { dicomTag, type FrameCoding, frameCoding, refusedSyntax, wholeSlideClass } from './dicom-format.ts';
import { type FrameTable, readFrameTable } from './dicom-frames.ts';
import { parseDecimal, plausibleMpp } from './plausible-mpp.ts';
import { badStructure, unsupported } from './slide-errors.ts';
import { limits } from './slide-limits.ts';

/** Where each frame lies, in px from the top left of the whole picture; `path` numbers the optical paths as they come. */
export interface FramePlaces {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly z: readonly number[];
  readonly path: readonly number[];
}

export interface DicomInstance {
  readonly source: ByteSource;
  readonly header: DicomHeader;
  readonly series: string;
  readonly uid: string;
  /** The third word of ImageType: VOLUME is a level; LABEL, OVERVIEW and THUMBNAIL lie beside the slide. */
  readonly kind: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly tileWidthPx: number;
  readonly tileHeightPx: number;
  readonly coding: FrameCoding;
  readonly samples: number;
  readonly photometric: string;
  /** Colours lie in planes of their own. */
  readonly planar: boolean;
  readonly focalPlanes: number;
  /** Height of the first plane and the step to the next in µm, for TILED_FULL; null where the file does not say. */
  readonly planeHeights: { readonly firstUm: number; readonly stepUm: number } | null;
  readonly opticalPaths: number;
  /** Null for TILED_FULL: rows of tiles from the top left. */
  readonly places: FramePlaces | null;
  /** The pictures that share it are parts of one; this file's frames begin at `firstFrame`. */
  readonly concatenation: string;
  readonly firstFrame: number;
  readonly table: FrameTable;
  readonly mpp: Mpp | null;
  readonly objective: number | null;
}

const colourSpaces: Readonly<Record<FrameCoding, readonly string[]>> = {
  none: ['RGB'],
  jpeg: ['RGB', 'YBR_FULL_422', 'YBR_FULL'],
  jpeg2000: ['RGB', 'YBR_ICT', 'YBR_RCT', 'YBR_FULL', 'YBR_FULL_422'],
};

/** Throws `slide/structure`, `slide/truncated`, `slide/unsupported`. */
export async function readDicomInstance(source: ByteSource): Promise<DicomInstance> {
  const places = { x: [] as number[], y: [] as number[], z: [] as number[], path: [] as number[] };
  const paths = new Map<string, number>();
  const onFrame = (groups: DicomItem): void => {
    const position = firstItem(groups, dicomTag.planePosition);
    const path = textOf(firstItem(groups, dicomTag.opticalPathOfFrame)?.get(dicomTag.opticalPathId));
    if (!paths.has(path)) paths.set(path, paths.size);
    places.x.push((integerOf(position?.get(dicomTag.columnPosition)) ?? Number.NaN) - 1);
    places.y.push((integerOf(position?.get(dicomTag.rowPosition)) ?? Number.NaN) - 1);
    places.z.push(parseDecimal(textOf(position?.get(dicomTag.zOffset))) || 0);
    places.path.push(paths.get(path)!);
  };
  const header = await readDicomHeader(source, onFrame);
  const { elements } = header;
  const file = basename(source.path);
  const sopClass = textOf(elements.get(dicomTag.sopClass));
  if (sopClass !== wholeSlideClass) throw unsupported('a DICOM file that is no whole-slide image', { file, sopClass });
  const coding = frameCoding[header.transferSyntax];
  if (coding === undefined)
    throw unsupported(`its pixels are ${refusedSyntax[header.transferSyntax] ?? 'coded in a way that is not known'}`, {
      file,
      transferSyntax: header.transferSyntax,
    });
  const size = readSize(elements);
  const colour = readColour(elements, coding);
  const frames = integerOf(elements.get(dicomTag.frames)) ?? 1;
  const frameBytes = size.tileWidthPx * size.tileHeightPx * colour.samples;
  const table = await readFrameTable(source, header, { frames, frameBytes, compressed: coding !== 'none' });
  const organization = textOf(elements.get(dicomTag.dimensionOrganization));
  const placed = places.x.length > 0 && !places.x.some(Number.isNaN) && !places.y.some(Number.isNaN);
  const sparse = organization === 'TILED_SPARSE' || (organization !== 'TILED_FULL' && placed);
  if (sparse && (!placed || places.x.length !== frames))
    throw badStructure('its frames do not say where they lie', { frames, placed: places.x.length });
  return {
    source,
    header,
    series: textOf(elements.get(dicomTag.series)),
    uid: textOf(elements.get(dicomTag.sopInstance)),
    kind: textOf(elements.get(dicomTag.imageType)).split('\\')[2]?.trim() ?? '',
    ...size,
    coding,
    ...colour,
    focalPlanes: Math.max(1, integerOf(elements.get(dicomTag.focalPlanes)) ?? 1),
    planeHeights: readPlaneHeights(elements),
    opticalPaths: Math.max(1, integerOf(elements.get(dicomTag.opticalPaths)) ?? 1),
    places: sparse ? places : null,
    concatenation: textOf(elements.get(dicomTag.concatenation)),
    firstFrame: integerOf(elements.get(dicomTag.concatenationFrameOffset)) ?? 0,
    table,
    mpp: readMpp(elements, size),
    objective: readObjective(elements),
  };
}

function firstItem(elements: DicomItem, tag: number): DicomItem | undefined {
  return elements.get(tag)?.items[0];
}

function readSize(elements: DicomItem) {
  const integer = (tag: number): number => integerOf(elements.get(tag)) ?? 0;
  const widthPx = integer(dicomTag.matrixColumns);
  const heightPx = integer(dicomTag.matrixRows);
  const tileWidthPx = integer(dicomTag.columns);
  const tileHeightPx = integer(dicomTag.rows);
  if (!(widthPx >= 1 && widthPx <= limits.sidePx && heightPx >= 1 && heightPx <= limits.sidePx))
    throw badStructure(`a size of ${widthPx} x ${heightPx} px`, { widthPx, heightPx });
  if (widthPx * heightPx > limits.pixels)
    throw badStructure(`a size of ${widthPx} x ${heightPx} px`, { widthPx, heightPx });
  if (!(tileWidthPx >= 1 && tileHeightPx >= 1 && tileWidthPx * tileHeightPx * 3 <= limits.tileBytes))
    throw badStructure(`a tile of ${tileWidthPx} x ${tileHeightPx} px`, { tileWidthPx, tileHeightPx });
  const tiles = Math.ceil(widthPx / tileWidthPx) * Math.ceil(heightPx / tileHeightPx);
  if (tiles > limits.tiles) throw badStructure(`it has ${tiles} tiles`, { tiles, limit: limits.tiles });
  return { widthPx, heightPx, tileWidthPx, tileHeightPx };
}

function readColour(elements: DicomItem, coding: FrameCoding) {
  const samples = integerOf(elements.get(dicomTag.samples)) ?? 1;
  const photometric = textOf(elements.get(dicomTag.photometric));
  const bits = integerOf(elements.get(dicomTag.bitsAllocated)) ?? 8;
  if (bits !== 8 || (integerOf(elements.get(dicomTag.bitsStored)) ?? 8) !== 8)
    throw unsupported(`it has ${bits} bits a sample`, { bits });
  const known =
    samples === 1 ? photometric === 'MONOCHROME2' : samples === 3 && colourSpaces[coding].includes(photometric);
  if (!known) throw unsupported(`its colour space is ${photometric || 'not given'}`, { photometric, samples });
  return { samples, photometric, planar: samples === 3 && integerOf(elements.get(dicomTag.planar)) === 1 };
}

/** From the spacing of pixels, else from the size of what was imaged; both in mm. */
function readMpp(elements: DicomItem, { widthPx, heightPx }: { widthPx: number; heightPx: number }): Mpp | null {
  const shared = firstItem(elements, dicomTag.sharedGroups);
  const measures = shared && firstItem(shared, dicomTag.pixelMeasures);
  const spacing = textOf(measures?.get(dicomTag.pixelSpacing) ?? elements.get(dicomTag.pixelSpacing));
  // Rows first: the distance from one row to the next.
  const [down, across] = spacing.split('\\').map(parseDecimal);
  const stated = plausibleMpp(toUm(across ?? Number.NaN), toUm(down ?? Number.NaN));
  if (stated) return stated;
  const side = (tag: number): number => {
    const bytes = elements.get(tag)?.bytes;
    return bytes?.length === 4 ? new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true) : Number.NaN;
  };
  return plausibleMpp(
    toUm(side(dicomTag.imagedVolumeWidth) / widthPx),
    toUm(side(dicomTag.imagedVolumeHeight) / heightPx),
  );
}

/** PS3.3 C.8.12.14: planes are equidistant, from the glass up. Heights are in µm, their distance in mm. */
function readPlaneHeights(elements: DicomItem): DicomInstance['planeHeights'] {
  const shared = firstItem(elements, dicomTag.sharedGroups);
  const measures = shared && firstItem(shared, dicomTag.pixelMeasures);
  const stepUm = toUm(parseDecimal(textOf(measures?.get(dicomTag.spacingBetweenSlices))));
  if (!(stepUm > 0)) return null;
  const origin = firstItem(elements, dicomTag.matrixOrigin) ?? (shared && firstItem(shared, dicomTag.planePosition));
  return { firstUm: parseDecimal(textOf(origin?.get(dicomTag.zOffset))) || 0, stepUm };
}

/** Without the last bits of a product: 0.000499 mm are 0.499 µm. */
function toUm(mm: number): number {
  return Number((mm * 1000).toPrecision(12));
}

function readObjective(elements: DicomItem): number | null {
  const power = parseDecimal(textOf(firstItem(elements, dicomTag.opticalPath)?.get(dicomTag.objectivePower)));
  return power > 0 ? power : null;
}
