/** Opaque handles for files and folders, so that no path crosses the wire (E5). */
import { randomBytes } from 'node:crypto';
import { opendir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { EosinError } from '../core/errors.ts';
import { endingOf, isDicomEnding, pictureEndings, slideEndings } from '../core/slide-endings.ts';

/** `dicom` is a folder of DICOM files: chosen like a slide, and opened like a folder. */
export type PlaceKind = 'folder' | 'dicom' | 'project' | 'slide' | 'annotations' | 'model' | 'file';

export interface Place {
  readonly handle: string;
  readonly name: string;
  readonly kind: PlaceKind;
  readonly bytes: number;
}

export interface PlaceListing {
  readonly handle: string;
  readonly name: string;
  readonly parent: string | null;
  readonly entries: readonly Place[];
}

export interface PlaceBook {
  /** A handle for an absolute path; the same path has the same handle as long as the app runs. */
  grant(absolutePath: string): string;
  /** The path behind a handle; throws `place/unknown` for one that was never handed out. */
  resolve(handle: string): string;
  /** What is in a folder, folders first; hidden files are left out. */
  list(handle: string | null): Promise<PlaceListing>;
}

const slides = new Set([...slideEndings, ...pictureEndings]);
/** Of each folder in a listing. */
const namesLookedAt = 32;
const annotationEndings = new Set(['geojson', 'json']);

export function createPlaceBook(homeFolder: string): PlaceBook {
  const pathOf = new Map<string, string>();
  const handleOf = new Map<string, string>();
  const grant = (absolutePath: string): string => {
    const known = handleOf.get(absolutePath);
    if (known) return known;
    const handle = randomBytes(16).toString('base64url');
    handleOf.set(absolutePath, handle);
    pathOf.set(handle, absolutePath);
    return handle;
  };
  const resolve = (handle: string): string => {
    const found = pathOf.get(handle);
    if (found) return found;
    throw new EosinError('place/unknown', 'missing', 'This place is not known any more.', {
      remedy: 'Choose the file or folder again.',
    });
  };
  return {
    grant,
    resolve,
    async list(handle) {
      const folder = handle === null ? homeFolder : resolve(handle);
      const names = await readFolder(folder);
      const entries = await Promise.all(
        names.map(async (name): Promise<Place | null> => {
          const absolute = path.join(folder, name);
          const info = await stat(absolute).catch(() => null);
          if (!info) return null;
          return {
            handle: grant(absolute),
            name,
            kind: info.isDirectory() ? await folderKind(absolute) : fileKind(name),
            bytes: info.isFile() ? info.size : 0,
          };
        }),
      );
      const parent = path.dirname(folder);
      return {
        handle: grant(folder),
        name: path.basename(folder) || folder,
        parent: parent === folder ? null : grant(parent),
        entries: entries.filter((entry) => entry !== null).sort(byKindThenName),
      };
    },
  };
}

async function readFolder(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.'));
  } catch (cause) {
    throw new EosinError('place/unreadable', 'input', 'This folder cannot be read.', {
      remedy: 'Choose another folder, or ask for the right to read it.',
      cause,
    });
  }
}

async function folderKind(folder: string): Promise<PlaceKind> {
  if (endingOf(path.basename(folder)) === 'eosin') return 'project';
  // The first names tell: a folder of DICOM holds little else.
  const entries = await opendir(folder).catch(() => null);
  try {
    for (let looked = 0; entries && looked < namesLookedAt; looked++) {
      const entry = await entries.read();
      if (!entry) break;
      if (!entry.isDirectory() && isDicomEnding(endingOf(entry.name))) return 'dicom';
    }
  } catch {
    // What cannot be read is a folder; opening it says why.
  } finally {
    await entries?.close();
  }
  return 'folder';
}

function fileKind(name: string): PlaceKind {
  const ending = endingOf(name);
  if (slides.has(ending)) return 'slide';
  if (annotationEndings.has(ending)) return 'annotations';
  return 'file';
}

function byKindThenName(a: Place, b: Place): number {
  const isFolder = ({ kind }: Place): boolean => kind === 'folder' || kind === 'dicom';
  const folderFirst = Number(isFolder(b)) - Number(isFolder(a));
  return folderFirst || a.name.localeCompare(b.name, 'en', { numeric: true });
}
