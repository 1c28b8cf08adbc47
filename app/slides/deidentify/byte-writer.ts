/** A new file written from its first byte to its last, in large pieces. */
import { open } from 'node:fs/promises';

export interface ByteWriter {
  append(bytes: Uint8Array): Promise<void>;
  /** Bytes appended so far. */
  readonly sizeBytes: number;
  /** Puts all of it on the disk and closes the file. */
  finish(): Promise<void>;
  /** Closes the file as it is. */
  close(): Promise<void>;
}

const blockBytes = 4 * 2 ** 20;

/** What is at `path` is written over. */
export async function createByteWriter(path: string): Promise<ByteWriter> {
  const file = await open(path, 'w');
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let sizeBytes = 0;
  const flush = async (): Promise<void> => {
    const block = Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
    for (let done = 0; done < block.length; ) done += (await file.write(block, done)).bytesWritten;
  };
  return {
    get sizeBytes() {
      return sizeBytes;
    },
    async append(bytes) {
      waiting.push(bytes);
      waitingBytes += bytes.length;
      sizeBytes += bytes.length;
      if (waitingBytes >= blockBytes) await flush();
    },
    async finish() {
      await flush();
      await file.sync();
      await file.close();
    },
    close: () => file.close().catch(() => {}),
  };
}
