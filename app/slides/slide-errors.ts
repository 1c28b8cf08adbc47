/** What can be wrong with a slide file, each with its code, its fields and a way out. */
import { EosinError, type ErrorFields } from '../core/errors.ts';

/** Free programs that turn other formats into ones that are read. */
export const convertWith = {
  vips: 'Convert it with `vips tiffsave IN OUT.tif --tile --pyramid --compression jpeg`, or export it again.',
  bfconvert:
    'Convert it with Bio-Formats: `bfconvert -series 0 -tilex 512 -tiley 512 -pyramid-resolutions 6 -pyramid-scale 2 IN OUT.ome.tif`.',
} as const;
const copyAgain = 'Copy the file again from where it came from, and compare the sizes.';

export function notTiff(reason: string): EosinError {
  return new EosinError('slide/not-tiff', 'input', `This is not a TIFF file: ${reason}.`, {
    remedy:
      'Eosin opens TIFF, SVS, OME-TIFF, NDPI, SCN, Philips, QPTIFF, DICOM, PNG and JPEG. Choose another file or convert this one.',
  });
}

/** Something lies, or should lie, behind the end of the file. */
export function truncated(what: string, fields: ErrorFields): EosinError {
  return new EosinError('slide/truncated', 'input', `The slide is cut off: ${what} lies behind its end.`, {
    remedy: copyAgain,
    fields,
  });
}

/** The file's own numbers contradict each other or go beyond what a slide can be. */
export function badStructure(what: string, fields: ErrorFields): EosinError {
  return new EosinError('slide/structure', 'input', `The slide's structure is damaged: ${what}.`, {
    remedy: `${copyAgain} If it is the same, the program that wrote it made a file that cannot be read safely.`,
    fields,
  });
}

/** A sound file of a kind that Eosin does not read. */
export function unsupported(what: string, fields: ErrorFields, remedy: string = convertWith.vips): EosinError {
  return new EosinError('slide/unsupported', 'input', `Eosin does not read this kind of slide: ${what}.`, {
    remedy,
    fields,
  });
}

export function damagedTile(fields: ErrorFields, cause?: unknown): EosinError {
  return new EosinError('slide/damaged-tile', 'input', 'A tile of the slide is damaged and cannot be decoded.', {
    remedy: copyAgain,
    fields,
    cause,
  });
}

/** A plain picture that its decoder gives up on. */
export function damagedPicture(fields: ErrorFields, cause: unknown): EosinError {
  return new EosinError('slide/damaged-picture', 'input', 'The picture is damaged and cannot be decoded.', {
    remedy: copyAgain,
    fields,
    cause,
  });
}

/** Colours were asked for that only a profile can give; `why` says what is wrong with the one that the slide has. */
export function noProfile(why: string | null): EosinError {
  const cause =
    why === null ? 'The slide has no colour profile.' : `The slide’s colour profile cannot be used: ${why}.`;
  return new EosinError('slide/no-profile', 'input', cause, { remedy: 'Use the colours as they were scanned.' });
}

/** A call that asks for what the slide does not have: our caller's mistake. */
export function noSuch(what: string, fields: ErrorFields): EosinError {
  return new EosinError('slide/no-such-part', 'missing', `The slide has no such ${what}.`, {
    remedy: 'Ask for what `eosin info` lists.',
    fields,
  });
}

/** What a disk, a stick or a network drive answers when it has gone or is about to. */
const storageCodes: ReadonlySet<string> = new Set([
  ...['EIO', 'EBUSY', 'ESTALE', 'ENOTCONN', 'ENODEV', 'ENXIO', 'ENOMEDIUM', 'EREMOTEIO'],
  ...[
    'ETIMEDOUT',
    'EHOSTDOWN',
    'EHOSTUNREACH',
    'ENETDOWN',
    'ENETUNREACH',
    'ECONNRESET',
    'ECONNABORTED',
    'ECONNREFUSED',
  ],
  'UNKNOWN',
]);

/** True where the file may be fine and only its place does not answer: what was opened there must be opened anew. */
export function isOutOfReach(thrown: unknown): boolean {
  return thrown instanceof EosinError && (thrown.code === 'slide/storage' || thrown.code === 'slide/missing');
}

/** The drive neither answers nor refuses. */
export function driveSilent(fileName: string): EosinError {
  return new EosinError('slide/storage', 'retry', `The disk of ${fileName} does not answer.`, {
    remedy: 'Check the disk or the network drive and try again. Other slides are not affected.',
    fields: { file: fileName },
  });
}

/** The file at the slide's place is another one. */
export function slideChanged(fileName: string): EosinError {
  return new EosinError('slide/changed', 'conflict', `Another file stands in the place of ${fileName}.`, {
    remedy: 'Put the slide back, or say where it is now (relink). Its labels and results are safe.',
    fields: { file: fileName },
  });
}

/** An error of the file system on `path`, in words; what is none of these is given back as it is. */
export function fileError(thrown: unknown, fileName: string): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const fields = { file: fileName };
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new EosinError('slide/missing', 'missing', `There is no file ${fileName}.`, {
      remedy: 'If it was moved, relink it; otherwise check the name.',
      fields,
      cause: thrown,
    });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EISDIR')
    return new EosinError('slide/unreadable', 'input', `${fileName} cannot be read.`, {
      remedy: 'Check that it is a file and that you may read it.',
      fields,
      cause: thrown,
    });
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new EosinError('disk/full', 'retry', 'The disk is full.', {
      remedy: 'Free some space; the same command then goes on.',
      fields,
      cause: thrown,
    });
  if (storageCodes.has(code))
    return new EosinError('slide/storage', 'retry', `${fileName} could not be read from its disk.`, {
      remedy: 'Check the disk or the network drive and try again.',
      fields,
      cause: thrown,
    });
  return thrown;
}
