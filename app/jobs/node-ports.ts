/** The ports of training (app/training/ports.ts) on files: how a job worker in a Node process reads and writes. */
import { readSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { EosinError } from '../core/errors.ts';
import { writeWhole } from '../files/write-whole.ts';
import type { ArtifactSink, CacheStoreFactory, PatchSource } from '../training/ports.ts';
import type { PatchStoreRef } from './job-spec.ts';

/** A patch source that holds a file, or threads, until it is closed. */
export type OpenPatchSource = PatchSource & { close(): Promise<void> };

/** The packed patch store of a plan, opened for reading. */
export async function openPatchSource(store: PatchStoreRef): Promise<OpenPatchSource> {
  const file = await open(store.file, 'r');
  const sidePx = store.sizePx + 2 * store.contextPx;
  const bytes = sidePx * sidePx * 3;
  return {
    count: store.count,
    sizePx: store.sizePx,
    contextPx: store.contextPx,
    read: (index, into) => readExactly(file, into.subarray(0, bytes), index * bytes),
    close: () => file.close(),
  };
}

/**
 * Cache files of float32 rows below `folder`, `limitBytes` for all of them together; a closed one is deleted.
 *
 * A row of a file that the system keeps in memory is a copy of microseconds, a tenth of what a read on libuv's threads costs the
 * calling one; rows of larger files are read there, while a step runs.
 *
 * @param memoryBytes files below this count as kept in memory.
 */
export function fileCaches(folder: string, limitBytes: number, memoryBytes = os.totalmem() / 4): CacheStoreFactory {
  let usedBytes = 0;
  return {
    async create(name, rows, rowLength) {
      const bytes = rows * rowLength * 4;
      if (usedBytes + bytes > limitBytes) {
        throw new EosinError(
          'train/cache-too-large',
          'input',
          `The activation cache would need ${gigabytes(usedBytes + bytes)}.`,
          {
            remedy: 'Lower the views or the patches a class (--set views=2, --set capPerClass=300).',
            fields: { bytes: usedBytes + bytes, limitBytes },
          },
        );
      }
      usedBytes += bytes;
      await mkdir(folder, { recursive: true });
      const target = path.join(folder, `${name.replace(/[^\w.-]/g, '_')}.f32`);
      const file = await open(target, 'w+');
      const staysInMemory = bytes < memoryBytes;
      return {
        async write(row, values) {
          await writeFully(file, bytesOf(values), row * rowLength * 4);
        },
        async read(row, into) {
          const [values, position] = [bytesOf(into), row * rowLength * 4];
          const done = staysInMemory ? readSync(file.fd, values, 0, values.length, position) : 0;
          await readExactly(file, values.subarray(done), position + done);
        },
        async close() {
          await file.close();
          await rm(target, { force: true });
          usedBytes -= bytes;
        },
      };
    },
  };
}

/** A folder in which each file appears whole or not at all. */
export function folderSink(folder: string): ArtifactSink {
  return {
    put: (name, bytes) => writeWhole(path.join(folder, name), bytes),
    async get(name) {
      try {
        // A plain array of its own: a Buffer's slice() shares memory, which a reader of numbers does not expect.
        return new Uint8Array(await readFile(path.join(folder, name)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
  };
}

async function readExactly(file: FileHandle, into: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) {
      throw new EosinError('train/store-short', 'retry', 'A file of the run is shorter than it must be.', {
        remedy: 'Start the run again; its patches are cut anew.',
      });
    }
    done += bytesRead;
  }
}

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length)
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
