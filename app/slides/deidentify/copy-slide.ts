/**
 * Makes a copy of a slide without names in an empty folder and searches it for what was taken out. Decode processes only; whoever calls
 * gives the copy its place, or deletes the folder.
 *
 *     slide -> what is kept, what is taken out -> files in the folder -> every byte searched -> opened and held against the slide
 */
import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { EosinError } from '../../core/errors.ts';
import type { SlideInfo } from '../../core/slide.ts';
import { type ByteSource, openBytes } from '../byte-source.ts';
import type { DicomInstance } from '../dicom-instance.ts';
import { findFiles, openInstance } from '../dicom-slide.ts';
import { openSlide } from '../open-slide.ts';
import type { OnStep } from '../slide.ts';
import { fileError } from '../slide-errors.ts';
import { checkStructure } from '../structure-check.ts';
import { readDirectories } from '../tiff-directory.ts';
import { createDicomCopier } from './copy-dicom.ts';
import { copyTiff } from './copy-tiff.ts';
import { type KeptDirectory, notCopied, philipsSoftware, planTiffCopy } from './plan-tiff-copy.ts';
import { scanRange } from './scan-bytes.ts';
import { searchTerms, type Taken } from './search-terms.ts';
import { valuesOfTiff } from './tiff-values.ts';

export interface CopyRequest {
  /** Exists and is empty; the copy's files are written into it. */
  readonly folder: string;
  /** The name that the copy will have. */
  readonly name: string;
  /** Who works here: must not stand in the copy either. */
  readonly user: string;
}

export interface CopyReport {
  readonly format: string;
  /** Names of the files in the folder; one that stands for itself, or those of a slide that is a folder. */
  readonly files: readonly string[];
  readonly isFolder: boolean;
  /** Names of the tags whose values were taken out, in the order of the file; never the values. */
  readonly removed: readonly string[];
  /** Pictures beside the slide that the copy does not have. */
  readonly pictures: readonly string[];
  readonly bytes: number;
  /** How many values were searched for in how many bytes and found (a copy with any is no copy), and how many are too short for it. */
  readonly searched: {
    readonly values: number;
    readonly bytes: number;
    readonly found: number;
    readonly tooShort: number;
  };
  /** Names of the tags a value of which stands in the copy's own name. */
  readonly inName: readonly string[];
}

type OnBytes = (count: number, total: number) => void;

interface Written {
  readonly isFolder: boolean;
  /** What there was to copy, about. */
  readonly bytes: number;
  readonly files: readonly WrittenFile[];
  readonly pictures: readonly string[];
  readonly taken: readonly Taken[];
  /** What the copy holds by closed forms, and the words of products and codes that it keeps. */
  readonly kept: string;
  readonly words: string;
}

interface WrittenFile {
  readonly name: string;
  readonly pixels: { readonly from: number; readonly to: number };
}

/** Words that codecs and profiles bring, and that name nobody. */
const formatWords =
  'JFIF Adobe_CM Exif ICC_PROFILE Photoshop desc text cprt mluc enUS curv para XYZ mft1 mft2 acsp scnr mntr RGB Lab';

/**
 * Throws `deidentify/unsupported` for what cannot be copied and still be what it was, `deidentify/not-clean` where the search finds a
 * value, `deidentify/differs` where the copy does not open as the slide did; and what `openSlide` throws.
 */
export async function copySlide(path: string, request: CopyRequest, onStep: OnStep): Promise<CopyReport> {
  const before = await describe(path, request.folder);
  let done = 0;
  /** Bytes copied, then bytes searched. */
  const onBytes = (count: number, total: number): void => {
    done = Math.min(done + count, 2 * total);
    onStep({ done, total: 2 * total });
  };
  const copy = before.format === 'dicom' ? copyDicomFiles : copyTiffFile;
  const written = await copy(path, request, onBytes).catch((thrown) => {
    throw fileError(thrown, request.name);
  });

  const places = placesOf(path, request.user).filter(({ text }) => !written.words.includes(text));
  const terms = searchTerms([...written.taken, ...places], `${written.kept}\n${formatWords}`);
  const found = new Set<string>();
  let bytes = 0;
  for (const { name, pixels } of written.files) {
    const source = await openBytes(join(request.folder, name));
    try {
      const whole = { from: 0, to: source.sizeBytes };
      for (const hit of await scanRange(source, terms.everywhere, whole, (count) => onBytes(count, written.bytes)))
        found.add(hit);
      for (const range of [
        { from: 0, to: pixels.from },
        { from: pixels.to, to: source.sizeBytes },
      ])
        for (const hit of await scanRange(source, terms.besidePixels, range, () => {})) found.add(hit);
      bytes += source.sizeBytes;
    } finally {
      await source.close();
    }
  }
  if (found.size > 0) throw notClean([...found]);
  const copied = written.isFolder ? request.folder : join(request.folder, written.files[0]!.name);
  const after = await describe(copied, request.folder);
  holdAgainst(before, after);
  const name = request.name.toLowerCase();
  return {
    format: before.format,
    files: written.files.map((file) => file.name),
    isFolder: written.isFolder,
    removed: [...new Set(written.taken.map((each) => each.name))],
    pictures: written.pictures,
    bytes,
    searched: { values: terms.terms.length, bytes, found: found.size, tooShort: terms.left },
    inName: [...new Set(terms.terms.filter(({ text }) => name.includes(text.toLowerCase())).map((term) => term.name))],
  };
}

/** Opening alone writes nothing to the cache. */
async function describe(path: string, cacheFolder: string): Promise<SlideInfo> {
  const slide = await openSlide(path, { cacheFolder });
  await slide.close();
  return slide.info;
}

/** Names around the slide, which scanners and people write into slides. */
function placesOf(path: string, user: string): Taken[] {
  return [
    { name: 'file name', text: basename(path, extname(path)) },
    { name: 'folder name', text: basename(dirname(path)) },
    { name: 'user name', text: user },
  ];
}

async function copyTiffFile(path: string, { folder, name }: CopyRequest, onBytes: OnBytes): Promise<Written> {
  const source = await openBytes(path);
  try {
    if (!(await isTiff(source))) throw notCopied('a plain picture (PNG, JPEG)');
    const checked = await checkStructure(source);
    const directories = await readDirectories(source, checked);
    const plan = planTiffCopy(directories);
    const { kept, pictures } = plan;
    const bytes = pieceBytes(kept);
    const onCopied = (count: number): void => onBytes(count, bytes);
    const { pixels, comments } = await copyTiff(source, checked, plan, join(folder, name), onCopied);
    const descriptions = kept.flatMap((each) => [each, ...each.below]).map(({ description }) => description ?? '');
    return {
      isFolder: false,
      bytes,
      files: [{ name, pixels }],
      pictures,
      taken: [...(await valuesOfTiff(source, checked, directories)), ...comments],
      kept: [...new Set(descriptions), philipsSoftware].join('\n'),
      words: '',
    };
  } finally {
    await source.close();
  }
}

function pieceBytes(kept: readonly KeptDirectory[]): number {
  let bytes = 1;
  for (const { directory } of kept.flatMap((each) => [each, ...each.below]))
    for (const count of directory.pieces.byteCounts) bytes += count;
  return bytes;
}

async function isTiff(source: ByteSource): Promise<boolean> {
  const [first, second] = await source.read(0, 2);
  return first === second && (first === 0x49 || first === 0x4d);
}

async function copyDicomFiles(path: string, { folder, name }: CopyRequest, onBytes: OnBytes): Promise<Written> {
  const isFolder = (await stat(path)).isDirectory();
  const instances: DicomInstance[] = [];
  try {
    for (const file of await findFiles(path, isFolder))
      instances.push(await openInstance(join(isFolder ? path : dirname(path), file)));
    const levels = instances.filter(({ kind }) => kind === 'VOLUME').sort((a, b) => b.widthPx - a.widthPx);
    const asFile = extname(name).toLowerCase() === '.dcm';
    if (asFile && levels.length > 1) throw severalFiles(levels.length);
    const bytes = levels.reduce((sum, { source }) => sum + source.sizeBytes, 0);
    const copier = await createDicomCopier(instances, () => onBytes(0, bytes));
    const files: WrittenFile[] = [];
    for (const [i, instance] of levels.entries()) {
      const file = asFile ? name : `level-${i + 1}.dcm`;
      files.push({
        name: file,
        pixels: await copier.write(instance, join(folder, file), (count) => onBytes(count, bytes)),
      });
    }
    const others = instances.filter((instance) => !levels.includes(instance));
    return {
      isFolder: !asFile,
      bytes,
      files,
      pictures: others.map(({ kind }) => kind.toLowerCase()),
      taken: copier.taken,
      kept: copier.kept,
      words: copier.words,
    };
  } finally {
    for (const { source } of instances) await source.close();
  }
}

/** The copy must be the same slide to everything that computes with it. */
function holdAgainst(before: SlideInfo, after: SlideInfo): void {
  const shape = ({ format, widthPx, heightPx, mpp, objective, levels, focalPlanes }: SlideInfo): string =>
    JSON.stringify({ format, widthPx, heightPx, mpp, objective, levels, focalPlanes });
  if (shape(before) === shape(after)) return;
  throw new EosinError('deidentify/differs', 'input', 'The copy does not open as the slide does, and was deleted.', {
    remedy:
      'Convert the slide first: `vips tiffsave IN OUT.tif --tile --pyramid --bigtiff`; then take the names out of OUT.tif.',
    fields: { format: before.format },
  });
}

function notClean(names: readonly string[]): EosinError {
  return new EosinError(
    'deidentify/not-clean',
    'input',
    `The copy still held what ${names.join(', ')} says, and was deleted.`,
    {
      remedy:
        'Do not share the slide as it is. Write its pixels anew with `vips tiffsave IN OUT.tif --tile --pyramid --strip`.',
      fields: { names: names.join(', ') },
    },
  );
}

function severalFiles(count: number): EosinError {
  return new EosinError('deidentify/several-files', 'usage', `The slide consists of ${count} files.`, {
    remedy: 'Give a folder (a name without .dcm) for the copy.',
    fields: { files: count },
  });
}
