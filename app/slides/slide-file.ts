/** Where a slide's file lies as the project keeps it, and what the disk shows of it without reading it. */
import { readdirSync, type Stats, statSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { EosinError } from '../core/errors.ts';
import { mayBeDicom } from '../core/slide-endings.ts';

/** Relative with `/`, or absolute where no relative path leads there (another Windows drive). */
export function storedPath(folder: string, path: string): string {
  const way = relative(folder, resolve(path));
  return isAbsolute(way) ? way : way.replaceAll('\\', '/');
}

export interface Seen {
  readonly bytes: number;
  readonly modified_ms: number;
}

/** Size and time of a file, or all sizes and the latest time of a DICOM slide's folder; null where nothing can be reached. */
export function seenAt(path: string): Seen | null {
  const found = statOrNull(path);
  if (!found?.isDirectory()) return found && { bytes: found.size, modified_ms: found.mtimeMs };
  const files = readdirSync(path).filter(mayBeDicom);
  const looks = files.map((name) => statOrNull(join(path, name))).filter((look) => look !== null);
  return {
    bytes: looks.reduce((sum, { size }) => sum + size, 0),
    modified_ms: Math.max(found.mtimeMs, ...looks.map(({ mtimeMs }) => mtimeMs)),
  };
}

/** A drive that has gone answers with one of many errors; for the project they all mean that the file is not there. */
function statOrNull(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

/** As `seenAt`; throws `slide/missing` when nothing is there. */
export function seenNow(path: string): Seen {
  const seen = seenAt(path);
  if (seen) return seen;
  throw new EosinError('slide/missing', 'missing', 'The slide’s file is not there.', {
    remedy: 'Check the path, and that its disk is connected.',
  });
}

export function isSame(seen: Seen, bytes: number | null, modifiedMs: number | null): boolean {
  return seen.bytes === bytes && seen.modified_ms === modifiedMs;
}
