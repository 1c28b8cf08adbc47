/** Copies the pixel data of a DICOM file: frames as they were, in blocks, so that memory does not grow with the slide. */
import type { ByteSource } from '../byte-source.ts';
import { dicomTag } from '../dicom-format.ts';
import { blankComments } from './blank-comments.ts';
import type { ByteWriter } from './byte-writer.ts';

const blockBytes = 4 * 2 ** 20;

/** The bytes `from` to `to`, less what a picture at their beginning says in comments. */
export async function copyRange(
  source: ByteSource,
  from: number,
  to: number,
  writer: ByteWriter,
  onBytes: (count: number) => void,
): Promise<void> {
  for (let at = from; at < to; at += blockBytes) {
    const block = await source.read(at, Math.min(blockBytes, to - at));
    // A picture's comments stand at its beginning.
    if (at === from) blankComments(block);
    await writer.append(block);
    onBytes(block.length);
  }
}

/** The offset table, the fragments and the delimiter: item by item, each of its old length. */
export async function copyFragments(
  source: ByteSource,
  from: number,
  writer: ByteWriter,
  onBytes: (count: number) => void,
): Promise<void> {
  for (let at = from; ; ) {
    const head = Buffer.from(await source.read(at, 8));
    await writer.append(head);
    at += 8;
    if (head.readUInt16LE(2) === dicomTag.sequenceEnd % 0x1_0000) return;
    const length = head.readUInt32LE(4);
    await copyRange(source, at, at + length, writer, onBytes);
    at += length;
  }
}
