/** The small fields of a checked TIFF's directories. */
import type { ByteSource } from './byte-source.ts';
import { type FieldValues, fieldValues } from './field-values.ts';
import type { CheckedDirectory, CheckedTiff } from './structure-check.ts';
import { tag } from './tiff-format.ts';

export interface TiffDirectory extends CheckedDirectory {
  readonly index: number;
  readonly compression: number;
  /** 0 white is zero, 1 black is zero, 2 RGB, 6 YCbCr. */
  readonly photometric: number;
  readonly samples: number;
  readonly bitsPerSample: number;
  readonly planar: number;
  readonly predictor: number;
  readonly jpegTables: Uint8Array | null;
  readonly chromaSubsampling: readonly [number, number];
  readonly description: string;
  /** Pixels a unit, as the file states it; null when it does not. */
  readonly resolution: { readonly x: number; readonly y: number; readonly unit: 'inch' | 'cm' } | null;
  /** Bit 0 of NewSubfileType: a smaller copy of another picture. */
  readonly reduced: boolean;
  /** NewSubfileType as it stands; 0 when the file does not say. */
  readonly subfileType: number;
  /** Make, model, software and date where they are given. */
  readonly texts: Readonly<Record<string, string>>;
}

/** Reads the fields of all directories of a file that passed `checkStructure`. */
export async function readDirectories(source: ByteSource, checked: CheckedTiff): Promise<TiffDirectory[]> {
  const directories: TiffDirectory[] = [];
  for (const [index, directory] of checked.directories.entries()) {
    const values = fieldValues(source, directory.fields, checked.littleEndian);
    directories.push({ ...directory, index, ...(await readFields(values)) });
  }
  return directories;
}

async function readFields({ numbers, text, bytes }: FieldValues) {
  const number = async (which: number, otherwise: number): Promise<number> => (await numbers(which))[0] ?? otherwise;
  const tables = await bytes(tag.jpegTables);
  const [chromaX = 2, chromaY = 2] = await numbers(tag.yCbCrSubSampling);
  const unit = await number(tag.resolutionUnit, 2);
  const subfileType = await number(tag.newSubfileType, 0);
  const resolution = { x: await number(tag.xResolution, 0), y: await number(tag.yResolution, 0) };
  const texts: Record<string, string> = {};
  for (const name of ['make', 'model', 'software', 'dateTime'] as const) {
    const value = await text(tag[name]);
    if (value !== '') texts[`tiff.${name}`] = value;
  }
  return {
    compression: await number(tag.compression, 1),
    photometric: await number(tag.photometric, 1),
    samples: await number(tag.samplesPerPixel, 1),
    bitsPerSample: await number(tag.bitsPerSample, 1),
    planar: await number(tag.planarConfiguration, 1),
    predictor: await number(tag.predictor, 1),
    jpegTables: tables && tables.length > 4 ? tables : null,
    chromaSubsampling: [chromaX, chromaY] as const,
    description: await text(tag.imageDescription),
    resolution:
      (unit === 2 || unit === 3) && resolution.x > 0 && resolution.y > 0
        ? { ...resolution, unit: unit === 2 ? ('inch' as const) : ('cm' as const) }
        : null,
    reduced: (subfileType & 1) === 1,
    subfileType,
    texts,
  };
}
