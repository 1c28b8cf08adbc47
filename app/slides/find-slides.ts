/**
 * Looks for slides in files and folders by their names, without opening them.
 *
 *     chosen file            a candidate whatever its name
 *     folder with .dcm       one candidate: the folder
 *     other folder           its slide files, and the folders in it; pictures are counted, and given when asked for
 *
 * Hidden files and Eosin's own project folders are passed over.
 */
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { type ErrorReport, reportOf } from '../core/errors.ts';
import {
  endingOf,
  isDicomEnding,
  mayBeDicom,
  pictureEndings,
  slideEndings,
  unreadEndings,
} from '../core/slide-endings.ts';
import { fileError } from './slide-errors.ts';

export interface Candidate {
  readonly path: string;
  /** For people: the way from the chosen folder, with its own name in front. */
  readonly name: string;
  readonly kind: 'file' | 'dicom-folder';
  /** 0 for a folder. */
  readonly bytes: number;
}

export interface FoundSlides {
  readonly candidates: readonly Candidate[];
  /** Plain pictures that were met in folders and left out. */
  readonly pictures: number;
  /** Folders that cannot be read. */
  readonly unreadable: readonly { readonly name: string; readonly error: ErrorReport }[];
}

export interface FindOptions {
  /** Pictures in folders are candidates too. */
  readonly pictures?: boolean;
  /** Names that are candidates whatever their ending. */
  readonly names?: ReadonlySet<string>;
  /** Candidates so far. */
  readonly onFound?: (count: number) => void;
}

/** A tree deeper than this is a mistake, or a circle that the file system hides. */
const deepest = 64;
const wanted = new Set([...slideEndings, ...unreadEndings].filter((ending) => !isDicomEnding(ending)));
const pictures = new Set(pictureEndings);
const collator = new Intl.Collator('en', { numeric: true });

/** Candidates in the order of their names; throws nothing but the signal's reason. */
export async function findSlides(
  chosen: readonly string[],
  options: FindOptions,
  signal: AbortSignal,
): Promise<FoundSlides> {
  const candidates: Candidate[] = [];
  const unreadable: { name: string; error: ErrorReport }[] = [];
  const visited = new Set<string>();
  let leftOut = 0;

  const take = (candidate: Candidate): void => {
    candidates.push(candidate);
    options.onFound?.(candidates.length);
  };

  const walk = async (folder: string, nameOf: (path: string) => string, depth: number): Promise<void> => {
    signal.throwIfAborted();
    try {
      const real = await realpath(folder);
      if (visited.has(real) || depth > deepest) return;
      visited.add(real);
      const entries = await readdir(folder, { withFileTypes: true });
      const names = entries
        .filter(({ name }) => !name.startsWith('.'))
        .sort((a, b) => collator.compare(a.name, b.name));
      const folders: string[] = [];
      let dicom = false;
      for (const entry of names) {
        const path = join(folder, entry.name);
        const ending = endingOf(entry.name);
        // What a link leads to is only known by asking.
        const found = entry.isSymbolicLink() ? await stat(path).catch(() => null) : entry;
        if (found?.isDirectory()) {
          if (ending !== 'eosin') folders.push(path);
        } else if (found?.isFile()) {
          const mayBeDicom = isDicomEnding(ending) || (ending === '' && !dicom && (await hasDicomMark(path)));
          if (mayBeDicom && !dicom) {
            dicom = true;
            take({ path: folder, name: nameOf(folder), kind: 'dicom-folder', bytes: 0 });
          }
          const isPicture = pictures.has(ending);
          if (wanted.has(ending) || options.names?.has(entry.name) || (isPicture && options.pictures))
            take({ path, name: nameOf(path), kind: 'file', bytes: (await stat(path)).size });
          else if (isPicture) leftOut++;
        }
      }
      for (const below of folders) await walk(below, nameOf, depth + 1);
    } catch (thrown) {
      signal.throwIfAborted();
      unreadable.push({ name: nameOf(folder), error: reportOf(fileError(thrown, basename(folder))) });
    }
  };

  for (const path of chosen) {
    signal.throwIfAborted();
    const name = basename(path);
    // Of a file that is not there, opening it says so.
    const found = await stat(path).catch(() => null);
    if (found?.isDirectory()) await walk(path, (inside) => join(name, relative(path, inside)), 0);
    else take({ path, name, kind: 'file', bytes: found?.size ?? 0 });
  }
  return { candidates, pictures: leftOut, unreadable };
}

/** The files of a folder of DICOM, each as a candidate of its own. */
export async function listDicomFiles({ path, name }: Candidate): Promise<Candidate[]> {
  const names = (await readdir(path)).filter((file) => mayBeDicom(file)).sort(collator.compare);
  return names.map((file) => ({ path: join(path, file), name: join(name, file), kind: 'file', bytes: 0 }));
}

/** Files of archives have no ending; a DICOM file says what it is in bytes 128 to 131. */
async function hasDicomMark(path: string): Promise<boolean> {
  const handle = await open(path, 'r').catch(() => null);
  try {
    const bytes = Buffer.alloc(4);
    await handle?.read(bytes, 0, 4, 128);
    return bytes.toString('latin1') === 'DICM';
  } catch {
    return false;
  } finally {
    await handle?.close();
  }
}
