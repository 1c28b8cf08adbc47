/**
 * DICOM whole-slide images (VL Whole Slide Microscopy): a series of files in one folder, opened by the folder or by one of the files.
 *
 *     VOLUME, by size         a level each; files of one ConcatenationUID are parts of one level
 *     LABEL, OVERVIEW,        pictures beside the slide
 *     THUMBNAIL
 */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { EosinError } from '../core/errors.ts';
import { hashText } from '../core/random.ts';
import type { FocalPlanes, RgbImage } from '../core/slide.ts';
import { type ByteSource, openBytes } from './byte-source.ts';
import { isDicom, readDicomSeries, textOf } from './dicom-data-set.ts';
import { dicomTag, wholeSlideClass } from './dicom-format.ts';
import { readFrame } from './dicom-frames.ts';
import { type DicomInstance, readDicomInstance } from './dicom-instance.ts';
import { createDicomLevel } from './dicom-level.ts';
import { planesOfPicture } from './dicom-placing.ts';
import { choosePlane, middlePlane } from './focal-planes.ts';
import { mostProfileBytes } from './icc-profile.ts';
import { mostPixels } from './image-codec.ts';
import type { OpenOptions } from './open-slide.ts';
import { readWindows } from './region-reader.ts';
import { fileError, unsupported } from './slide-errors.ts';
import { createLevelSlide, downsampleOf, type SlideFiles, type SlideLayout, type TiffSlide } from './tiff-slide.ts';

const mostFiles = 4096;
const sampledFrames = 64;
const associatedNames: Readonly<Record<string, string>> = { LABEL: 'label', OVERVIEW: 'macro', THUMBNAIL: 'thumbnail' };

/**
 * `path` is a folder of DICOM files or one of them. Throws `slide/not-dicom`, `slide/several`, `slide/truncated`, `slide/structure`,
 * `slide/unsupported`.
 */
export async function openDicom(path: string, isFolder: boolean, options: OpenOptions): Promise<TiffSlide> {
  const instances: DicomInstance[] = [];
  try {
    const folder = isFolder ? path : dirname(path);
    for (const name of await findFiles(path, isFolder)) instances.push(await openInstance(join(folder, name)));
    const layout = await layOut(instances, options.focalPlane);
    return createLevelSlide(storedIn(instances), layout, await fingerprintOf(instances), options);
  } catch (thrown) {
    for (const { source } of instances) await source.close();
    throw thrown;
  }
}

/** The names of the slide's files in their folder: those of one series. */
export async function findFiles(path: string, isFolder: boolean): Promise<string[]> {
  if (isFolder) return filesOfFolder(path);
  const own = (await readMember(path))!;
  const names: string[] = [];
  for (const name of await dicomNames(dirname(path))) {
    // A stranger beside the file may be damaged; what has the same series is read again, and must be sound.
    const other = name === basename(path) ? null : await readMember(join(dirname(path), name)).catch(() => null);
    if (other?.sopClass === wholeSlideClass && other.series === own.series) names.push(name);
  }
  return [basename(path), ...names];
}

async function filesOfFolder(folder: string): Promise<string[]> {
  const bySeries = new Map<string, string[]>();
  let strangers = 0;
  for (const name of await dicomNames(folder)) {
    const member = await readMember(join(folder, name));
    if (member?.sopClass !== wholeSlideClass) strangers++;
    else bySeries.set(member.series, [...(bySeries.get(member.series) ?? []), name]);
  }
  const [files, others] = [...bySeries.values()];
  if (!files)
    throw new EosinError('slide/not-dicom', 'input', `There is no DICOM slide in ${basename(folder)}.`, {
      remedy: 'Choose a slide file, or a folder that holds the files of one DICOM slide.',
      fields: { folder: basename(folder), otherFiles: strangers },
    });
  if (others)
    throw new EosinError('slide/several', 'input', `${basename(folder)} holds more than one DICOM slide.`, {
      remedy: `Open one of the files instead, for example ${files[0]} or ${others[0]}.`,
      fields: { one: files[0]!, other: others[0]! },
    });
  return files;
}

/** What a file is part of; null when it is no DICOM. */
async function readMember(path: string): Promise<{ sopClass: string; series: string } | null> {
  const source = await openBytes(path);
  try {
    return (await isDicom(source)) ? await readDicomSeries(source) : null;
  } catch (thrown) {
    throw inFile(thrown, path);
  } finally {
    await source.close();
  }
}

export async function openInstance(path: string): Promise<DicomInstance> {
  const source = await openBytes(path);
  try {
    return await readDicomInstance(source);
  } catch (thrown) {
    await source.close();
    throw inFile(thrown, path);
  }
}

/** The error with the name of the one of several files that it is about. */
function inFile(thrown: unknown, path: string): unknown {
  if (!(thrown instanceof EosinError)) return thrown;
  const { code, kind, message, remedy, fields } = thrown;
  return new EosinError(code, kind, message, { remedy, fields: { ...fields, file: basename(path) }, cause: thrown });
}

/** Files that may be DICOM, by name: `.dcm` or, as archives write them, without an ending. */
async function dicomNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((thrown) => {
    throw fileError(thrown, basename(folder));
  });
  const names = entries
    .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && isDicomName(entry.name))
    .map(({ name }) => name);
  if (names.length > mostFiles)
    throw unsupported('a folder of too many files', { files: names.length, limit: mostFiles });
  return names.sort();
}

function isDicomName(name: string): boolean {
  const ending = extname(name).toLowerCase();
  return ending === '.dcm' || ending === '.dicom' || (ending === '' && name !== 'DICOMDIR');
}

async function layOut(instances: readonly DicomInstance[], focalPlane: number | undefined): Promise<SlideLayout> {
  const volumes = pictures(instances.filter(({ kind }) => kind === 'VOLUME'));
  const finest = volumes[0]?.[0];
  if (!finest) {
    const { kind, source } = instances[0]!;
    throw unsupported('no file of its series is a level of the slide', { file: basename(source.path), kind });
  }
  const focalPlanes = planesOfSlide(volumes[0]!, focalPlane);
  const associated = new Map<string, readonly DicomInstance[]>();
  for (const parts of pictures(instances.filter(({ kind }) => kind in associatedNames))) {
    const name = associatedNames[parts[0]!.kind]!;
    if (!associated.has(name)) associated.set(name, parts);
  }
  const text = (tag: number): string => textOf(finest.header.elements.get(tag));
  const properties = {
    'dicom.manufacturer': text(dicomTag.manufacturer),
    'dicom.model': text(dicomTag.manufacturerModel),
    'dicom.software': text(dicomTag.softwareVersions),
    'dicom.series': finest.series,
    'dicom.transferSyntax': finest.header.transferSyntax,
    'dicom.photometric': finest.photometric,
    'dicom.tiling': finest.places ? 'TILED_SPARSE' : 'TILED_FULL',
  };
  return {
    format: 'dicom',
    vendor: 'dicom',
    levels: volumes.map((parts) =>
      createDicomLevel(parts, downsampleOf(finest, parts[0]!), planeOf(parts, focalPlanes)),
    ),
    associated: [...associated].map(([name, parts]) => ({ name, read: () => readWhole(parts) })),
    mpp: finest.mpp,
    objective: finest.objective,
    focalPlanes,
    profile: await profileOf(finest),
    properties: Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== '')),
  };
}

/** Heights count from the glass, then the middle plane is the one to show, or from the best focus, then the one nearest to it. */
function planesOfSlide(finest: readonly DicomInstance[], focalPlane: number | undefined): FocalPlanes {
  const heights = planesOfPicture(finest);
  const aroundFocus = heights.some((um) => um !== null && um < 0);
  return choosePlane(heights, focalPlane, aroundFocus ? undefined : middlePlane(heights.length));
}

/** The plane of a level that belongs to the slide's; an overview may have fewer, then its middle one. */
function planeOf(parts: readonly DicomInstance[], { offsetsUm, shown }: FocalPlanes): number {
  const own = planesOfPicture(parts).length;
  return own === offsetsUm.length ? shown : middlePlane(own);
}

/** The profile of the first optical path. */
async function profileOf({ source, header }: DicomInstance): Promise<Uint8Array | null> {
  const stored = header.elements.get(dicomTag.opticalPath)?.items[0]?.get(dicomTag.iccProfile);
  return stored ? source.read(stored.at, Math.min(stored.length, mostProfileBytes + 1)) : null;
}

/** Groups files into pictures, largest first: parts of a concatenation together; of several pictures of one size the first. */
function pictures(instances: readonly DicomInstance[]): DicomInstance[][] {
  const groups = new Map<string, DicomInstance[]>();
  const sorted = [...instances].sort((a, b) => a.firstFrame - b.firstFrame || (a.uid < b.uid ? -1 : 1));
  for (const instance of sorted) {
    const { kind, widthPx, heightPx, tileWidthPx, tileHeightPx, coding, concatenation, uid } = instance;
    const whole = [kind, widthPx, heightPx, tileWidthPx, tileHeightPx, coding, concatenation || uid].join('/');
    const group = groups.get(whole);
    if (group) group.push(instance);
    else groups.set(whole, [instance]);
  }
  const largestFirst = [...groups.values()].sort((a, b) => b[0]!.widthPx - a[0]!.widthPx);
  return largestFirst.filter(([first], i) => {
    const before = largestFirst[i - 1]?.[0];
    return before?.kind !== first!.kind || before.widthPx !== first!.widthPx;
  });
}

async function readWhole(parts: readonly DicomInstance[]): Promise<RgbImage> {
  const { widthPx, heightPx } = parts[0]!;
  if (widthPx * heightPx > mostPixels) throw unsupported('a picture beside it is too large', { widthPx, heightPx });
  const [window] = await readWindows(createDicomLevel(parts, 1, middlePlane(planesOfPicture(parts).length)), [
    { x: 0, y: 0, widthPx, heightPx },
  ]);
  return { data: window!.data, widthPx, heightPx };
}

function storedIn(instances: readonly DicomInstance[]): SlideFiles {
  const byName = new Map<string, ByteSource>(instances.map(({ source }) => [basename(source.path), source]));
  return {
    files: [...byName.keys()],
    async close() {
      for (const source of byName.values()) await source.close();
    },
  };
}

/** SHA-256 (hex) of each file's length, data set and frame places, and of 64 frames that a hash of all that chooses. */
async function fingerprintOf(instances: readonly DicomInstance[]): Promise<string> {
  const sorted = [...instances].sort((a, b) => (a.uid < b.uid ? -1 : 1));
  const hash = createHash('sha256');
  const step = 2 ** 20;
  for (const { source, header, table } of sorted) {
    hash.update(`${source.sizeBytes}`);
    const dataSetBytes = header.pixelData?.at ?? 0;
    for (let at = 0; at < dataSetBytes; at += step)
      hash.update(await source.read(at, Math.min(step, dataSetBytes - at)));
    for (const each of [table.starts, table.ends]) hash.update(new Uint8Array(each.buffer));
  }
  const total = sorted.reduce((sum, { table }) => sum + table.frames, 0);
  const key = hash.copy().digest('hex');
  const chosen = new Set<number>();
  for (let draw = 0; draw < sampledFrames; draw++) chosen.add(hashText(`${key}:${draw}`) % total);
  for (let frame of [...chosen].sort((a, b) => a - b)) {
    for (const { source, table } of sorted) {
      if (frame < table.frames) {
        hash.update(await readFrame(source, table, frame));
        break;
      }
      frame -= table.frames;
    }
  }
  return hash.digest('hex');
}
