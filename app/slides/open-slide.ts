/** Opens a slide file: structural check, fields, the reader that knows the format. Decode processes only. */
import { stat } from 'node:fs/promises';
import type { SlideLook } from '../core/slide.ts';
import { readAperioSvs } from './aperio-svs.ts';
import { type ByteSource, openBytes } from './byte-source.ts';
import { isDicom } from './dicom-data-set.ts';
import { openDicom } from './dicom-slide.ts';
import { fingerprint } from './fingerprint.ts';
import { readGenericTiff } from './generic-tiff.ts';
import { mostProfileBytes } from './icc-profile.ts';
import { readLeicaScn } from './leica-scn.ts';
import { openNdpi } from './ndpi.ts';
import { readOmeTiff } from './ome-tiff.ts';
import { readPhilipsTiff } from './philips-tiff.ts';
import { openPicture, openStripedTiff } from './plain-picture.ts';
import { readQptiff } from './qptiff.ts';
import { checkStructure } from './structure-check.ts';
import { readDirectories, type TiffDirectory } from './tiff-directory.ts';
import { tag } from './tiff-format.ts';
import { createTiffSlide, firstDirectory, type TiffSlide } from './tiff-slide.ts';
import { refuseUnreadName, refuseUnreadTiff } from './unread-formats.ts';

export interface OpenOptions extends SlideLook {
  /** Keeps overview levels that have to be made. */
  readonly cacheFolder: string;
}

/**
 * Opens one look of a slide: a focal plane of it, in its stored colours or through its profile. Throws `slide/missing`,
 * `slide/unreadable`, `slide/not-tiff`, `slide/truncated`, `slide/structure`, `slide/unsupported`, for DICOM `slide/not-dicom` and
 * `slide/several`, and for a look that the slide does not have `slide/no-such-part`, `slide/no-profile`.
 */
export async function openSlide(path: string, options: OpenOptions): Promise<TiffSlide> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return openDicom(path, true, options);
  const source = await openBytes(path);
  try {
    refuseUnreadName(path);
    if (await isDicom(source)) {
      await source.close();
      return await openDicom(path, false, options);
    }
    const picture = await openPicture(source, options);
    if (picture) return picture;
    const checked = await checkStructure(source);
    const directories = await readDirectories(source, checked);
    const first = directories[0]!;
    await refuseUnreadTiff(source, directories);
    const identity = await fingerprint(source, checked);
    if (checked.ndpi) return await openNdpi(source, directories, identity, options);
    const layout =
      readAperioSvs(directories) ??
      readOmeTiff(directories) ??
      readPhilipsTiff(directories) ??
      readLeicaScn(directories, options.focalPlane) ??
      readQptiff(directories) ??
      (first.tiled ? readGenericTiff(directories) : null);
    if (!layout) return openStripedTiff(source, first, await profileOf(source, first), identity, options);
    return createTiffSlide(
      source,
      { ...layout, profile: await profileOf(source, firstDirectory(layout.levels[0]!)) },
      identity,
      options,
    );
  } catch (thrown) {
    await source.close();
    throw thrown;
  }
}

/** The profile that a directory carries. */
async function profileOf(source: ByteSource, { fields }: TiffDirectory): Promise<Uint8Array | null> {
  const field = fields.get(tag.iccProfile);
  return field ? source.read(field.at, Math.min(field.bytes, mostProfileBytes + 1)) : null;
}
