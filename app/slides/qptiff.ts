/**
 * PerkinElmer (Akoya) QPTIFF: each directory says in XML what it is.
 *
 *     ImageType  FullResolution       level 0; one directory of RGB, or one a channel (fluorescence, not read)
 *                Thumbnail            beside the slide, in strips
 *                ReducedResolution    levels 1, 2, ...; small ones in strips, which are left out
 *                Overview, Label      beside the slide
 *
 * The scale stands in the resolution tags, px per cm.
 */
import { chooseLevels, resolutionMpp } from './generic-tiff.ts';
import { parseDecimal } from './plausible-mpp.ts';
import { badStructure, unsupported } from './slide-errors.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffLayout } from './tiff-slide.ts';
import { elementAt, looksLikeXml, parseXml, type XmlElement } from './xml.ts';

const rootName = 'PerkinElmer-QPI-ImageDescription';
const pictureNames: Readonly<Record<string, string>> = { Thumbnail: 'thumbnail', Overview: 'macro', Label: 'label' };
/** Of the description's own entries; the others hold settings of the scanner, names and places. */
const propertyNames = ['AcquisitionSoftware', 'InstrumentType', 'Objective', 'CameraName', 'DescriptionVersion'];

interface Described {
  readonly directory: TiffDirectory;
  readonly xml: XmlElement;
  readonly type: string;
}

/** Null when the file is no QPTIFF; throws `slide/unsupported` with what is not read, `slide/structure`. */
export function readQptiff(directories: readonly TiffDirectory[]): TiffLayout | null {
  const { description, texts } = directories[0]!;
  if (!looksLikeXml(description) || !description.slice(0, 4096).includes(`<${rootName}`)) return null;
  const described = directories.flatMap((directory): Described[] => {
    if (directory.parent !== null || !directory.description.includes(`<${rootName}`)) return [];
    const xml = parseXml(directory.description);
    return [{ directory, xml, type: elementAt(xml, 'ImageType')?.text ?? '' }];
  });
  const full = described.filter(({ type }) => type === 'FullResolution');
  const main = full[0];
  if (!main) throw badStructure('its XML names no picture in full resolution', { directories: described.length });
  refuseChannels(full);
  const first = main.directory;
  if (!first.tiled)
    throw unsupported('its pixels lie in strips, not in tiles', { widthPx: first.widthPx, heightPx: first.heightPx });
  const reduced = described.filter(({ type }) => type === 'ReducedResolution').map(({ directory }) => directory);
  const objective = parseDecimal(elementAt(main.xml, 'Objective')?.text.replace(/\s*x$/i, ''));
  return {
    format: 'qptiff',
    vendor: 'perkinelmer',
    levels: chooseLevels([first, ...reduced]),
    associated: described.flatMap(({ directory, type }) => {
      const name = pictureNames[type];
      return name ? [{ name, directory }] : [];
    }),
    mpp: resolutionMpp(first),
    objective: objective > 0 ? objective : null,
    properties: { ...texts, ...propertiesOf(main.xml) },
  };
}

/** Fluorescence and unmixed scans: a directory a channel, each with its name. */
function refuseChannels(full: readonly Described[]): void {
  const { samples } = full[0]!.directory;
  if (full.length === 1 && samples === 3) return;
  const names = full.flatMap(({ xml }) => elementAt(xml, 'Name')?.text ?? []);
  throw unsupported(`a multi-channel QPTIFF (${full.length} channels of ${samples} samples); only RGB is read`, {
    channels: full.length,
    samples,
    names: names.join(', '),
  });
}

function propertiesOf(xml: XmlElement): Record<string, string> {
  return Object.fromEntries(
    propertyNames.flatMap((name) => {
      const text = elementAt(xml, name)?.text;
      return text ? [[`perkinelmer.${name}`, text]] : [];
    }),
  );
}
