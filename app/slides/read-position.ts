/** How far a library has come in a file that it reads from front to back: the system knows, where the library does not tell. */
import { readdir, readFile, readlink } from 'node:fs/promises';

/** The farthest position, in bytes, of this process in the file; null where the system does not tell (all but Linux). */
export async function readPosition(path: string): Promise<number | null> {
  const numbers = await readdir('/proc/self/fd').catch(() => []);
  let farthest: number | null = null;
  for (const number of numbers) {
    if ((await readlink(`/proc/self/fd/${number}`).catch(() => '')) !== path) continue;
    const info = await readFile(`/proc/self/fdinfo/${number}`, 'utf8').catch(() => '');
    const position = Number(/^pos:\s*(\d+)/m.exec(info)?.[1] ?? Number.NaN);
    if (position >= 0) farthest = Math.max(farthest ?? 0, position);
  }
  return farthest;
}
