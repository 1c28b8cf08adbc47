/** A slide made of levels of tiles: what every format shares once its reader has said which picture is what. */
import { basename } from 'node:path';
import type { Mpp } from '../core/pyramid.ts';
import type { FocalPlanes, RgbImage, SlideInfo, SlideLevel } from '../core/slide.ts';
import { fillHoles } from './aperio-holes.ts';
import type { ByteSource } from './byte-source.ts';
import { choosePlane } from './focal-planes.ts';
import { createToSrgb, throughProfile } from './icc-colour.ts';
import { readIccProfile } from './icc-profile.ts';
import { decodeRgb, encodeJpeg, mostPixels } from './image-codec.ts';
import { chooseLevel } from './level-choice.ts';
import { type MadeLevel, madeTilePx, openMadeLevels, planMadeLevels } from './made-levels.ts';
import { writeMiniTiff } from './mini-tiff.ts';
import type { OpenOptions } from './open-slide.ts';
import { createPlacedLevel } from './placed-level.ts';
import { createPlanarLevel, planesOf } from './planar-level.ts';
import { readRegion, readWindows } from './region-reader.ts';
import type { OnStep, Slide } from './slide.ts';
import { damagedTile, noProfile, noSuch, unsupported } from './slide-errors.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import { createTileLevel, type TileLevel, unsupportedReason } from './tile-level.ts';
import { unpackZstd, zstd } from './zstd-tile.ts';

/** What only some formats tell of a slide. */
interface MoreOfSlide {
  /** With the plane that was asked for, see `choosePlane`; one plane when left out. */
  readonly focalPlanes?: FocalPlanes;
  /** The colour profile as it is stored, at most `mostProfileBytes` and one more of it; not looked into yet. */
  readonly profile?: Uint8Array | null;
}

/** What the reader of a format that is no TIFF found: levels that read themselves, finest first. */
export interface SlideLayout extends MoreOfSlide {
  readonly format: string;
  readonly vendor: string;
  readonly levels: readonly TileLevel[];
  readonly associated: readonly { readonly name: string; read(): Promise<RgbImage> }[];
  readonly mpp: Mpp | null;
  readonly objective: number | null;
  readonly properties: Readonly<Record<string, string>>;
}

/** The file or files that a slide is read from. */
export interface SlideFiles {
  /** The names of all files in the slide's folder that it is read from; empty for a slide of one file. */
  readonly files: readonly string[];
  close(): Promise<void>;
}

/** A picture beside the slide: a directory of its own, or a JPEG that a description holds. */
export type TiffPicture =
  | { readonly name: string; readonly directory: TiffDirectory }
  | { readonly name: string; readonly jpeg: Uint8Array };

/** A level on which regions lie that were scanned apart; places in px of the level. */
export interface PlacedDirectories {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly downsample: number;
  readonly parts: readonly { readonly directory: TiffDirectory; readonly x: number; readonly y: number }[];
}

/** What a TIFF format's reader found in a file. */
export interface TiffLayout extends MoreOfSlide {
  readonly format: string;
  readonly vendor: string;
  /** Finest first; all tiled. */
  readonly levels: readonly (TiffDirectory | PlacedDirectories)[];
  readonly associated: readonly TiffPicture[];
  readonly mpp: Mpp | null;
  readonly objective: number | null;
  readonly properties: Readonly<Record<string, string>>;
  /** Tiles that a level leaves out are drawn from the finer level; they are white otherwise. */
  readonly fillsHoles?: boolean;
}

const tileQuality = 90;
type AnyLevel =
  | { readonly made: number; readonly level: MadeLevel }
  | { readonly made: null; readonly level: TileLevel };

export interface TiffSlide extends Slide {
  /** See `SlideFiles`. */
  readonly files: readonly string[];
  /** The level that a region at this downsample is read from, made if need be. */
  levelFor(downsample: number, onStep?: OnStep): Promise<TileLevel>;
}

/** Throws `slide/unsupported` where a level is of a kind that cannot be decoded. */
export function createTiffSlide(
  source: ByteSource,
  layout: TiffLayout,
  fingerprint: string,
  options: OpenOptions,
): TiffSlide {
  const first = layout.levels[0]!;
  for (const directory of layout.levels.flatMap(directoriesOf).flatMap(planesOf)) {
    const reason = unsupportedReason(directory);
    if (reason) throw unsupported(reason, { directory: directory.index, file: basename(source.path) });
  }
  const levels = layout.levels.map((level) => {
    if (!('parts' in level)) return createLevel(source, level, downsampleOf(first, level));
    const parts = level.parts.map(({ directory, x, y }) => ({
      level: createLevel(source, directory, level.downsample),
      x,
      y,
    }));
    return createPlacedLevel(level, parts);
  });
  const associated = layout.associated.map((picture) => ({
    name: picture.name,
    read: () => ('jpeg' in picture ? readJpeg(picture) : readPicture(source, picture.directory)),
  }));
  const bytes: SlideFiles = { files: [], close: () => source.close() };
  const filled = layout.fillsHoles ? fillHoles(levels) : levels;
  return createLevelSlide(bytes, { ...layout, levels: filled, associated }, fingerprint, options);
}

/** The slide that stored levels and those made from them are. */
export function createLevelSlide(
  source: SlideFiles,
  layout: SlideLayout,
  fingerprint: string,
  options: OpenOptions,
): TiffSlide {
  const stored = layout.levels;
  const first = stored[0]!;
  const plan = planMadeLevels(stored);
  const focalPlanes = layout.focalPlanes ?? choosePlane([null], options.focalPlane);
  const name = focalPlanes.offsetsUm.length > 1 ? `${fingerprint}-plane-${focalPlanes.shown}` : fingerprint;
  const { icc, why } = readIccProfile(layout.profile ?? null);
  const { profile } = layout;
  if (options.colour === 'srgb' && !(icc && profile)) throw noProfile(why);
  const toSrgb = options.colour === 'srgb' ? createToSrgb(profile!) : null;
  const seen = (level: TileLevel): TileLevel => (toSrgb ? throughProfile(level, toSrgb) : level);
  const levels: AnyLevel[] = [
    ...stored.map((level) => ({ made: null, level })),
    ...plan.map((level, made) => ({ made, level })),
  ].sort((a, b) => a.level.downsample - b.level.downsample);

  const described = levels.map(describeLevel);

  let opening: ReturnType<typeof openMadeLevels> | null = null;
  const openMade = async (onStep?: OnStep): Promise<readonly TileLevel[]> => {
    opening ??= openMadeLevels(stored, plan, options.cacheFolder, name, onStep);
    try {
      return (await opening).levels;
    } catch (thrown) {
      opening = null;
      throw thrown;
    }
  };
  const resolve = async (any: AnyLevel, onStep?: OnStep): Promise<TileLevel> =>
    seen(any.made === null ? any.level : (await openMade(onStep))[any.made]!);
  const tileAt = async (number: number, x: number, y: number, onStep?: OnStep) => {
    const level = await resolve(levels[number] ?? refuse('level', { level: number }), onStep);
    const inside =
      Number.isInteger(x) && Number.isInteger(y) && x >= 0 && y >= 0 && x < level.columns && y < level.rows;
    return inside ? level : refuse('tile', { level: number, x, y });
  };

  return {
    files: source.files,
    info: {
      format: layout.format,
      vendor: layout.vendor,
      widthPx: first.widthPx,
      heightPx: first.heightPx,
      mpp: layout.mpp,
      objective: layout.objective,
      levels: described,
      associated: layout.associated.map(({ name }) => name),
      focalPlanes,
      icc,
      fingerprint,
      properties: why ? { ...layout.properties, 'icc.not-used': why } : layout.properties,
    } satisfies SlideInfo,
    async tile(number, x, y, onStep) {
      const level = await tileAt(number, x, y, onStep);
      const box = {
        x: x * level.tileWidthPx,
        y: y * level.tileHeightPx,
        widthPx: Math.min(level.tileWidthPx, level.widthPx - x * level.tileWidthPx),
        heightPx: Math.min(level.tileHeightPx, level.heightPx - y * level.tileHeightPx),
      };
      const stored = await level.storedTile(x, y);
      if (stored) return stored;
      const [window] = await readWindows(level, [box]);
      return { bytes: await encodeJpeg(window!, tileQuality), type: 'image/jpeg' };
    },
    levelFor: (downsample, onStep) => resolve(levels[chooseLevel(described, downsample)]!, onStep),
    async region(request, onStep) {
      return readRegion(await this.levelFor(request.downsample, onStep), request, onStep);
    },
    async associated(name) {
      const found = layout.associated.find((each) => each.name === name) ?? refuse('picture', { name });
      return found.read();
    },
    async makeLevels(onStep) {
      if (plan.length > 0) await openMade(onStep);
    },
    async close() {
      const made = await opening?.catch(() => null);
      await made?.close();
      await source.close();
    },
  };
}

function refuse(what: string, fields: Record<string, string | number>): never {
  throw noSuch(what, fields);
}

function describeLevel({ made, level }: AnyLevel): SlideLevel {
  const { widthPx, heightPx, downsample } = level;
  if (made !== null)
    return { widthPx, heightPx, downsample, tileWidthPx: madeTilePx, tileHeightPx: madeTilePx, compression: 'made' };
  const { tileWidthPx, tileHeightPx, compression } = level;
  return { widthPx, heightPx, downsample, tileWidthPx, tileHeightPx, compression };
}

/**
 * Level-0 px per level px. Scanners halve and round down, so a whole factor that explains both sides to the px is meant; otherwise the
 * mean of the two ratios, as OpenSlide takes it.
 */
export function downsampleOf(
  first: { widthPx: number; heightPx: number },
  level: { widthPx: number; heightPx: number },
): number {
  const ratio = (first.widthPx / level.widthPx + first.heightPx / level.heightPx) / 2;
  const whole = Math.round(ratio);
  const explains =
    Math.abs(first.widthPx / whole - level.widthPx) < 1 && Math.abs(first.heightPx / whole - level.heightPx) < 1;
  return explains ? whole : ratio;
}

function createLevel(source: ByteSource, directory: TiffDirectory, downsample: number): TileLevel {
  const levels = planesOf(directory).map((plane) => createTileLevel(source, plane, downsample));
  return levels.length === 1 ? levels[0]! : createPlanarLevel(levels);
}

/** The directory that tells of a level; of regions scanned apart the first. */
export function firstDirectory(level: TiffDirectory | PlacedDirectories): TiffDirectory {
  return directoriesOf(level)[0]!;
}

function directoriesOf(level: TiffDirectory | PlacedDirectories): TiffDirectory[] {
  return 'parts' in level ? level.parts.map(({ directory }) => directory) : [level];
}

async function readJpeg({ name, jpeg }: { name: string; jpeg: Uint8Array }): Promise<RgbImage> {
  return decodeRgb(jpeg).catch((thrown) => {
    throw damagedTile({ picture: name }, thrown);
  });
}

/** A whole picture of tiles or strips, decoded at once. */
async function readPicture(source: ByteSource, directory: TiffDirectory): Promise<RgbImage> {
  const { widthPx, heightPx, pieceHeightPx, pieces } = directory;
  const reason = unsupportedReason(directory);
  if (reason) throw unsupported(reason, { directory: directory.index, file: basename(source.path) });
  if (widthPx * heightPx > mostPixels) throw unsupported('a picture beside it is too large', { widthPx, heightPx });
  if (directory.tiled) {
    const [window] = await readWindows(createTileLevel(source, directory, 1), [{ x: 0, y: 0, widthPx, heightPx }]);
    return { data: window!.data, widthPx, heightPx };
  }
  const strips: Uint8Array[] = [];
  for (const [i, length] of pieces.byteCounts.entries()) {
    if (length === 0 || length > mostPixels) throw damagedTile({ directory: directory.index, strip: i });
    strips.push(await source.read(pieces.offsets[i]!, length));
  }
  try {
    const picture = { ...directory, kind: 'strips' as const };
    if (directory.compression === zstd) {
      const plain = strips.map((strip, i) =>
        unpackZstd(strip, { ...directory, heightPx: Math.min(pieceHeightPx, heightPx - i * pieceHeightPx) }),
      );
      return await decodeRgb(writeMiniTiff({ ...picture, compression: 1, predictor: 1 }, plain), { strict: true });
    }
    return await decodeRgb(writeMiniTiff(picture, strips), { strict: directory.compression !== 7 });
  } catch (thrown) {
    throw damagedTile({ directory: directory.index }, thrown);
  }
}
