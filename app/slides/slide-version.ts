/** Whether a slide's files are still those that were opened: told by size, time and number of each, without reading one. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError } from './slide-errors.ts';

/**
 * A text that changes when a file of the slide does. `files` are the names of those beside `path` (or in it, where it is a folder), as
 * opening it told them; with any of them the folder counts too, since a new file in it may belong to the slide. Throws `slide/missing`.
 */
export async function versionOf(path: string, files: readonly string[]): Promise<string> {
  const own = await look(path);
  if (files.length === 0) return own.text;
  const folder = own.isFolder ? path : dirname(path);
  const others = [folder, ...files.map((name) => join(folder, name))];
  // One that is gone makes another version: the slide is then opened without it, and says what it is.
  const looks = await Promise.all(others.map((other) => look(other).catch(() => ({ text: 'gone' }))));
  return [own, ...looks].map(({ text }) => text).join(' ');
}

async function look(path: string): Promise<{ text: string; isFolder: boolean }> {
  const found = await stat(path).catch((thrown) => {
    throw fileError(thrown, basename(path));
  });
  return { text: `${found.size}/${found.mtimeMs}/${found.ino}`, isFolder: found.isDirectory() };
}
