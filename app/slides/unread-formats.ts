/**
 * Formats that are known but not read: refused by name, with what to convert them with, before a part of such a slide is taken for all
 * of it. A MIRAX file is a small JPEG beside a folder, a VSI a small TIFF, and the tiles of a Ventana BIF overlap.
 */
import { basename } from 'node:path';
import { endingOf } from '../core/slide-endings.ts';
import type { ByteSource } from './byte-source.ts';
import { fieldValues } from './field-values.ts';
import { convertWith, unsupported } from './slide-errors.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import { tag } from './tiff-format.ts';

interface UnreadFormat {
  readonly name: string;
  readonly remedy: string;
}

const ventana: UnreadFormat = { name: 'Ventana BIF', remedy: convertWith.vips };
const trestle: UnreadFormat = { name: 'Trestle', remedy: convertWith.vips };
const exportAgain = 'Export it as TIFF, OME-TIFF or DICOM with the program that came with the scanner.';

/** By the ending of the file's name. */
export const unreadFormats: Readonly<Record<string, UnreadFormat>> = {
  mrxs: { name: 'MIRAX', remedy: convertWith.vips },
  bif: ventana,
  vms: { name: 'Hamamatsu VMS', remedy: convertWith.vips },
  vmu: { name: 'Hamamatsu VMU', remedy: convertWith.vips },
  ndpis: { name: 'a set of Hamamatsu NDPI files', remedy: 'Open the .ndpi files that it names, one by one.' },
  svslide: { name: 'Sakura', remedy: convertWith.vips },
  vsi: { name: 'Olympus VSI', remedy: convertWith.bfconvert },
  czi: { name: 'Zeiss CZI', remedy: convertWith.bfconvert },
  zvi: { name: 'Zeiss ZVI', remedy: convertWith.bfconvert },
  lif: { name: 'Leica LIF', remedy: convertWith.bfconvert },
  isyntax: { name: 'Philips iSyntax', remedy: exportAgain },
};

/** What stands at the beginning of an XMP packet that is Ventana's is found within so many bytes of it. */
const xmpBytes = 65_536;

/** Throws `slide/unsupported` where the name says a format that is not read. */
export function refuseUnreadName(path: string): void {
  const format = unreadFormats[endingOf(basename(path))];
  if (format) throw refusal(format, path);
}

/** Throws `slide/unsupported` for a TIFF of a maker whose slides are not read, whatever its name. */
export async function refuseUnreadTiff(source: ByteSource, directories: readonly TiffDirectory[]): Promise<void> {
  if (directories[0]?.texts['tiff.software']?.startsWith('MedScan')) throw refusal(trestle, source.path);
  for (const directory of directories) {
    const xmp = await fieldValues(source, directory.fields, true).bytes(tag.xmp, xmpBytes);
    if (xmp && /<iScan[\s>]/.test(new TextDecoder().decode(xmp))) throw refusal(ventana, source.path);
  }
}

function refusal({ name, remedy }: UnreadFormat, path: string): Error {
  return unsupported(name, { file: basename(path) }, remedy);
}
