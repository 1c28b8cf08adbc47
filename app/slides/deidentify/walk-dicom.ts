/**
 * Every element of a data set that the structural check has passed, in its order, with sequences opened: what `dicom-data-set.ts` leaves
 * out because a slide needs only a few. Bounded reads; the check's limits hold.
 */
import type { ByteSource } from '../byte-source.ts';
import { dicomTag, longRepresentations, undefinedLength } from '../dicom-format.ts';

export interface DicomVisitor {
  /** A value that is no sequence; `read` gives its bytes. */
  value(element: WalkedElement, read: () => Promise<Uint8Array>): Promise<void>;
  sequence(element: WalkedElement, part: 'begin' | 'item' | 'item-end' | 'end'): void | Promise<void>;
}

export interface WalkedElement {
  readonly tag: number;
  /** `UN` where implicit VR does not tell. */
  readonly vr: string;
  readonly length: number;
  /** Sequences around it. */
  readonly depth: number;
}

const blockBytes = 256 * 1024;

/**
 * Walks from `at` to the element (7FE0,0010) or `end`; `vrOf` tells what implicit VR leaves out. Gives the head of the pixels, or null
 * where there are none.
 */
export async function walkDicom(
  source: ByteSource,
  {
    at: begin,
    end: stop,
    implicit,
    vrOf,
  }: { at: number; end: number; implicit: boolean; vrOf: (tag: number) => string },
  visitor: DicomVisitor,
): Promise<{ vr: string; length: number; at: number } | null> {
  let at = begin;
  let block: Buffer = Buffer.alloc(0);
  let blockAt = 0;
  const need = async (length: number): Promise<number> => {
    if (at < blockAt || at + length > blockAt + block.length) {
      const bytes = await source.read(at, Math.min(Math.max(length, blockBytes), source.sizeBytes - at));
      block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      blockAt = at;
    }
    return at - blockAt;
  };
  const head = async (isImplicit: boolean): Promise<{ tag: number; vr: string; length: number }> => {
    const here = await need(Math.min(12, source.sizeBytes - at));
    const tag = block.readUInt16LE(here) * 0x1_0000 + block.readUInt16LE(here + 2);
    if (isImplicit || tag >= 0xfffe_0000) {
      at += 8;
      return { tag, vr: tag >= 0xfffe_0000 ? '' : vrOf(tag), length: block.readUInt32LE(here + 4) };
    }
    const vr = block.toString('latin1', here + 4, here + 6);
    if (!longRepresentations.has(vr)) {
      at += 8;
      return { tag, vr, length: block.readUInt16LE(here + 6) };
    }
    at += 12;
    return { tag, vr, length: block.readUInt32LE(here + 8) };
  };

  const items = async (element: WalkedElement, end: number | null, isImplicit: boolean): Promise<void> => {
    await visitor.sequence(element, 'begin');
    while (end === null || at < end) {
      const { tag, length } = await head(true);
      if (tag === dicomTag.sequenceEnd) break;
      await visitor.sequence(element, 'item');
      await elements(length === undefinedLength ? null : at + length, isImplicit, element.depth + 1);
      await visitor.sequence(element, 'item-end');
    }
    await visitor.sequence(element, 'end');
  };

  const elements = async (end: number | null, isImplicit: boolean, depth: number) => {
    while (end === null || at < end) {
      const { tag, vr, length } = await head(isImplicit);
      if (tag === dicomTag.itemEnd) return null;
      if (tag === dicomTag.pixelData && depth === 0) return { vr, length, at };
      const element = { tag, vr, length, depth };
      if (length === undefinedLength && tag === dicomTag.pixelData) await skipFragments();
      else if (length === undefinedLength)
        await items({ ...element, vr: vr === 'UN' && isImplicit ? 'SQ' : vr }, null, isImplicit || vr === 'UN');
      else if (vr === 'SQ') await items(element, at + length, isImplicit);
      else {
        const from = at;
        await visitor.value(element, async () => {
          at = from;
          const here = await need(length);
          return Uint8Array.prototype.slice.call(block, here, here + length);
        });
        at = from + length;
      }
    }
    return null;
  };

  /** The pixels of an icon inside a sequence. */
  const skipFragments = async (): Promise<void> => {
    for (;;) {
      const { tag, length } = await head(true);
      if (tag === dicomTag.sequenceEnd) return;
      at += length;
    }
  };

  return elements(stop, implicit, 0);
}
