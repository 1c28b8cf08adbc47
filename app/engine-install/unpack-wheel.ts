/** Takes chosen members out of a wheel (a zip file) whose hash has been checked. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';

/**
 * Writes each member for which `place` gives a name below `folder`. `onBytes` hears of every written piece.
 *
 * @throws Error when a member would leave the folder, the signal's reason when aborted.
 */
export async function unpackWheel(
  file: string,
  folder: string,
  place: (member: string) => string | null,
  { onBytes, signal }: { onBytes: (written: number) => void; signal: AbortSignal },
): Promise<void> {
  const zip = await yauzl.openPromise(file);
  try {
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted();
      const name = entry.fileName.endsWith('/') ? null : place(entry.fileName);
      if (name === null) continue;
      const target = join(folder, name);
      if (relative(folder, target).startsWith('..'))
        throw new Error(`a member of the wheel would lie outside: ${name}`);
      await mkdir(dirname(target), { recursive: true });
      const content = await zip.openReadStreamPromise(entry);
      content.on('data', (chunk: Buffer) => onBytes(chunk.length));
      await pipeline(content, createWriteStream(target, { mode: 0o755 }), { signal });
    }
  } finally {
    zip.close();
  }
}
