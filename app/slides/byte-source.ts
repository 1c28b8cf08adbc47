/** A file as ranges of bytes: all that the parsers may touch. */
import { readSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileError, truncated } from './slide-errors.ts';

export interface ByteSource {
  readonly path: string;
  readonly sizeBytes: number;
  /** Exactly `length` bytes; throws `slide/truncated` where the file has fewer. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The same without letting others work meanwhile, for a third of the CPU time where it is little. Decode processes only. */
  readNow(offset: number, length: number): Uint8Array;
  close(): Promise<void>;
}

/** Opens a regular file; throws `slide/missing`, `slide/unreadable`. */
export async function openBytes(path: string): Promise<ByteSource> {
  const name = basename(path);
  let handle: FileHandle;
  let sizeBytes: number;
  try {
    // Asked before opening: to open a pipe is to wait for whoever writes into it.
    const found = await stat(path);
    if (!found.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'EISDIR' });
    handle = await open(path, 'r');
    sizeBytes = (await handle.stat()).size;
  } catch (thrown) {
    throw fileError(thrown, name);
  }
  const checkRange = (offset: number, length: number): void => {
    if (!(offset >= 0 && length >= 0 && offset + length <= sizeBytes))
      throw truncated('a part', { offset, length, sizeBytes });
  };
  return {
    path,
    sizeBytes,
    readNow(offset, length) {
      checkRange(offset, length);
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        let bytesRead: number;
        try {
          bytesRead = readSync(handle.fd, bytes, filled, length - filled, offset + filled);
        } catch (thrown) {
          throw fileError(thrown, name);
        }
        if (bytesRead === 0) throw truncated('a part', { offset, length, sizeBytes });
        filled += bytesRead;
      }
      return bytes;
    },
    async read(offset, length) {
      checkRange(offset, length);
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled).catch((thrown) => {
          throw fileError(thrown, name);
        });
        if (bytesRead === 0) throw truncated('a part', { offset, length, sizeBytes });
        filled += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}
