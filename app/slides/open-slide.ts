/** Opens a slide file: structural check, fields, the reader that knows the format. Decode processes only. */
import { stat } from 'node:fs/promises';
import { readAperioSvs } from './aperio-svs.ts';
import { openBytes } from './byte-source.ts';
import { isDicom } from './dicom-data-set.ts';
import { openDicom } from './dicom-slide.ts';
import { fingerprint } from './fingerprint.ts';
import { readGenericTiff } from './generic-tiff.ts';
import { readLeicaScn } from './leica-scn.ts';
import { readOmeTiff } from './ome-tiff.ts';
import { readPhilipsTiff } from './philips-tiff.ts';
import { openPicture, openStripedTiff } from './plain-picture.ts';
import { readQptiff } from './qptiff.ts';
import { checkStructure } from './structure-check.ts';
import { readDirectories } from './tiff-directory.ts';
import { createTiffSlide, type TiffSlide } from './tiff-slide.ts';

/**
 * `cacheFolder` keeps overview levels that have to be made. Throws `slide/missing`, `slide/unreadable`, `slide/not-tiff`,
 * `slide/truncated`, `slide/structure`, `slide/unsupported`, and for DICOM `slide/not-dicom`, `slide/several`.
 */
export async function openSlide(path: string, options: { cacheFolder: string }): Promise<TiffSlide> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return openDicom(path, true, options.cacheFolder);
  const source = await openBytes(path);
  try {
    if (await isDicom(source)) {
      await source.close();
      return await openDicom(path, false, options.cacheFolder);
    }
    const picture = await openPicture(source, options.cacheFolder);
    if (picture) return picture;
    const checked = await checkStructure(source);
    const directories = await readDirectories(source, checked);
    const first = directories[0]!;
    const identity = await fingerprint(source, checked);
    const layout =
      readAperioSvs(directories) ??
      readOmeTiff(directories) ??
      readPhilipsTiff(directories) ??
      readLeicaScn(directories) ??
      readQptiff(directories) ??
      (first.tiled ? readGenericTiff(directories) : null);
    if (!layout) return openStripedTiff(source, first, identity, options.cacheFolder);
    return createTiffSlide(source, layout, identity, options.cacheFolder);
  } catch (thrown) {
    await source.close();
    throw thrown;
  }
}
