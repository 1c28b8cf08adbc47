/** Whether a slide's files are still those that were opened: told by size, time and number of each, without reading one. */
import { type Stats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError } from './slide-errors.ts';

/**
 * A text that changes when a file of the slide does. `files` are the names of those beside `path` (or in it, where it is a folder), as
 * opening it told them; with any of them the folder counts too, since a new file in it may belong to the slide. Throws `slide/missing`.
 */
export async function versionOf(path: string, files: readonly string[]): Promise<string> {
  const own = await look(path);
  // One that is gone makes another version: the slide is then opened without it, and says what it is.
  const looks = await Promise.all(besides(path, own, files).map((other) => look(other).catch(() => null)));
  return textOf([own, ...looks]);
}

/** The same at once, for a seventh of the CPU time: for decode processes, which have nothing else to do meanwhile. */
export function versionNow(path: string, files: readonly string[]): string {
  let own: Stats;
  try {
    own = statSync(path);
  } catch (thrown) {
    throw fileError(thrown, basename(path));
  }
  return textOf([own, ...besides(path, own, files).map(lookNow)]);
}

function besides(path: string, own: Stats, files: readonly string[]): string[] {
  if (files.length === 0) return [];
  const folder = own.isDirectory() ? path : dirname(path);
  return [folder, ...files.map((name) => join(folder, name))];
}

function look(path: string): Promise<Stats> {
  return stat(path).catch((thrown) => {
    throw fileError(thrown, basename(path));
  });
}

function lookNow(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function textOf(looks: readonly (Stats | null | undefined)[]): string {
  return looks.map((found) => (found ? `${found.size}/${found.mtimeMs}/${found.ino}` : 'gone')).join(' ');
}
