/**
 * Aperio SVS (Leica): a TIFF whose description begins with "Aperio".
 *
 *     directory 0        level 0, tiled        description: header | AppMag = 20 | MPP = 0.4990 | ...
 *     directory 1        thumbnail, strips
 *     more, tiled        further levels
 *     last, strips       label and macro, named in the second line of their descriptions
 */
import { chooseLevels } from './generic-tiff.ts';
import { parseDecimal, plausibleMpp } from './plausible-mpp.ts';
import { unsupported } from './slide-errors.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffLayout } from './tiff-slide.ts';

/** Null when the file is not Aperio's; throws `slide/unsupported` when it is, but has no tiles. */
export function readAperioSvs(directories: readonly TiffDirectory[]): TiffLayout | null {
  const first = directories[0]!;
  if (!first.description.startsWith('Aperio')) return null;
  if (!first.tiled)
    throw unsupported('an Aperio slide without tiles', { widthPx: first.widthPx, heightPx: first.heightPx });
  const [header = '', ...entries] = first.description.split('|');
  const properties: Record<string, string> = { ...first.texts, 'aperio.header': header.trim() };
  for (const entry of entries) {
    const equals = entry.indexOf('=');
    if (equals > 0) properties[`aperio.${entry.slice(0, equals).trim()}`] = entry.slice(equals + 1).trim();
  }
  const mpp = parseDecimal(properties['aperio.MPP']);
  const objective = parseDecimal(properties['aperio.AppMag']);
  const levels = chooseLevels(directories);
  return {
    format: 'svs',
    vendor: 'aperio',
    levels,
    associated: nameAssociated(directories.filter((directory) => !levels.includes(directory))),
    mpp: plausibleMpp(mpp, mpp),
    objective: objective > 0 ? objective : null,
    properties,
    fillsHoles: true,
  };
}

/** NewSubfileType of the pictures that a GT450 scanner stores without their names. */
const unnamed: Readonly<Record<number, string>> = { 1: 'label', 9: 'macro' };

/** The second directory is the thumbnail, whatever it says; the others say what they are. */
function nameAssociated(directories: readonly TiffDirectory[]): { name: string; directory: TiffDirectory }[] {
  const named = new Map<string, TiffDirectory>();
  for (const directory of directories) {
    const line = directory.description.split(/\r?\n/)[1] ?? '';
    const word = /^(label|macro)\b/.exec(line.trim())?.[1];
    const untitled = unnamed[directory.subfileType] ?? `picture-${directory.index}`;
    const name = word ?? (directory.index === 1 ? 'thumbnail' : untitled);
    if (!named.has(name)) named.set(name, directory);
  }
  return [...named].map(([name, directory]) => ({ name, directory }));
}
