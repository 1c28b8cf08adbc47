/** Where a slide's file lies as the project keeps it, and what the disk shows of it without reading it. */
import { statSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import { EosinError } from '../core/errors.ts';

/** Relative with `/`, or absolute where no relative path leads there (another Windows drive). */
export function storedPath(folder: string, path: string): string {
  const way = relative(folder, resolve(path));
  return isAbsolute(way) ? way : way.replaceAll('\\', '/');
}

export interface Seen {
  readonly bytes: number;
  readonly modified_ms: number;
}

/** Size and time of a file or of a slide's folder; null when nothing is there. */
export function seenAt(path: string): Seen | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? { bytes: found.size, modified_ms: found.mtimeMs } : null;
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
