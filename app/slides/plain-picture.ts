/**
 * Plain pictures as slides: PNG, JPEG, and TIFF whose pixels lie in strips. No part of such a file can be read by itself, so it is
 * converted once into a pyramid in the cache, named by its fingerprint; until then a picture is only its header.
 *
 *     picture.png   ->   pictures/FINGERPRINT-1.tif       tiles, deflate: level 0 has the picture's own px
 *                                                         each level above the mean of 2 x 2 px below it
 *
 * Stored px count: a turn that Exif asks for is not applied, a colour profile only when it is asked for. Transparency is white.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { hashText } from '../core/random.ts';
import type { ByteSource } from './byte-source.ts';
import { convertPicture, planPyramid, pyramidTilePx } from './convert-picture.ts';
import type { OpenOptions } from './open-slide.ts';
import { mppOfDots, type PictureHeader, readPictureHeader } from './picture-header.ts';
import { type CachedPyramid, openCachedPyramid } from './pyramid-cache.ts';
import type { OnStep } from './slide.ts';
import { badStructure, unsupported } from './slide-errors.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import { createLevelSlide, type TiffSlide } from './tiff-slide.ts';
import type { TileLevel } from './tile-level.ts';

/** libvips converts in strips; what it must hold as a whole may be smaller only. */
const mostPixels = { inStrips: 1e9, inMemory: 1e8 };
const stripCompressions: readonly number[] = [1, 5, 7, 8, 32_773, 32_946];
const jpeg = 7;
const sampledBlocks = 64;
const blockBytes = 65_536;

/** A PNG or JPEG as a slide; null when the file is neither. Throws as `readPictureHeader` does. */
export async function openPicture(source: ByteSource, options: OpenOptions): Promise<TiffSlide | null> {
  const header = await readPictureHeader(source);
  return header && createPictureSlide(source, header, await fingerprintBlocks(source), options, {});
}

/** A TIFF whose first directory has strips as a slide; throws `slide/unsupported`. */
export function openStripedTiff(
  source: ByteSource,
  first: TiffDirectory,
  profile: Uint8Array | null,
  fingerprint: string,
  options: OpenOptions,
): TiffSlide {
  const { widthPx, heightPx, compression, photometric, bitsPerSample, samples, resolution, pieceHeightPx } = first;
  const directory = first.index;
  if (!stripCompressions.includes(compression))
    throw unsupported(`its compression is number ${compression}`, { directory, compression });
  if (bitsPerSample > 16) throw unsupported(`it has ${bitsPerSample} bits a sample`, { directory, bitsPerSample });
  if (![0, 1, 2, 3, 6].includes(photometric))
    throw unsupported(`its colour space is number ${photometric}`, { directory, photometric });
  if (samples > 4) throw unsupported(`it has ${samples} samples a pixel`, { directory, samples });
  // libtiff decodes a strip of JPEG at once.
  const wholeInMemory = compression === jpeg && pieceHeightPx * widthPx > mostPixels.inMemory;
  const unitUm = resolution?.unit === 'inch' ? 25_400 : 10_000;
  const mpp = resolution && mppOfDots(resolution.x, resolution.y, unitUm);
  const properties = {
    ...first.texts,
    ...(first.description === '' ? {} : { 'tiff.imageDescription': first.description }),
  };
  const header: PictureHeader = {
    format: 'tiff',
    widthPx,
    heightPx,
    mpp,
    profile,
    wholeInMemory,
    strict: compression !== jpeg,
  };
  return createPictureSlide(source, header, fingerprint, options, properties);
}

function createPictureSlide(
  source: ByteSource,
  header: PictureHeader,
  fingerprint: string,
  options: OpenOptions,
  properties: Readonly<Record<string, string>>,
): TiffSlide {
  const { format, widthPx, heightPx, mpp, profile, wholeInMemory, strict } = header;
  if (widthPx < 1 || heightPx < 1) throw badStructure(`a size of ${widthPx} x ${heightPx} px`, { widthPx, heightPx });
  const most = wholeInMemory ? mostPixels.inMemory : mostPixels.inStrips;
  if (widthPx * heightPx > most)
    throw unsupported(`it is a plain picture of more than ${most / 1e6} million px`, { widthPx, heightPx, most });
  const plan = planPyramid(widthPx, heightPx);
  const path = join(options.cacheFolder, 'pictures', `${fingerprint}-1.tif`);

  let opening: Promise<CachedPyramid> | null = null;
  const open = async (onStep?: OnStep): Promise<readonly TileLevel[]> => {
    opening ??= openCachedPyramid(path, plan, () =>
      convertPicture({ from: source.path, strict, most, inStrips: !wholeInMemory }, path, onStep),
    );
    try {
      return (await opening).levels;
    } catch (thrown) {
      opening = null;
      throw thrown;
    }
  };
  const levels = plan.map(
    (level, number): TileLevel => ({
      ...level,
      tileWidthPx: pyramidTilePx,
      tileHeightPx: pyramidTilePx,
      columns: Math.ceil(level.widthPx / pyramidTilePx),
      rows: Math.ceil(level.heightPx / pyramidTilePx),
      compression: 'made',
      decodeTiles: async (indexes) => (await open())[number]!.decodeTiles(indexes),
      storedTile: async () => null,
    }),
  );
  const bytes = {
    files: [],
    async close() {
      await (await opening?.catch(() => null))?.close();
      await source.close();
    },
  };
  const layout = { format, vendor: 'picture', levels, associated: [], mpp, objective: null, profile, properties };
  const slide = createLevelSlide(bytes, layout, fingerprint, options);
  return {
    ...slide,
    async levelFor(downsample, onStep) {
      await open(onStep);
      return slide.levelFor(downsample);
    },
    async makeLevels(onStep) {
      await open(onStep);
    },
  };
}

/** SHA-256 (hex) of the file's length, its first and last 64 KB and 64 more that a hash of those chooses. */
async function fingerprintBlocks(source: ByteSource): Promise<string> {
  const hash = createHash('sha256');
  hash.update(`${source.sizeBytes}`);
  const blocks = Math.ceil(source.sizeBytes / blockBytes);
  const add = async (block: number): Promise<void> => {
    const at = block * blockBytes;
    hash.update(await source.read(at, Math.min(blockBytes, source.sizeBytes - at)));
  };
  await add(0);
  await add(blocks - 1);
  const key = hash.copy().digest('hex');
  const chosen = new Set<number>();
  for (let draw = 0; draw < sampledBlocks; draw++) chosen.add(hashText(`${key}:${draw}`) % blocks);
  for (const block of [...chosen].sort((a, b) => a - b)) await add(block);
  return hash.digest('hex');
}
