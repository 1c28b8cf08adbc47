/**
 * The structural check of DICOM: walks a file from its first byte to where its pixels begin, in bounded reads, and keeps the few
 * values that a slide needs.
 *
 *     128 bytes | DICM | group 2, explicit little endian | the data set, as group 2 says ... | (7FE0,0010) pixels: only their place
 *
 * Every length is held against what encloses it; nesting, elements and values have limits, so that a hostile file costs no more than
 * an honest one. The groups of single frames, one item a tile, are handed on one by one and not kept.
 */
import type { ByteSource } from './byte-source.ts';
import {
  dicomTag,
  implicitSyntax,
  longRepresentations,
  sequenceTags,
  undefinedLength,
  unreadableSyntax,
} from './dicom-format.ts';
import { badStructure, truncated, unsupported } from './slide-errors.ts';

export const dicomLimits = { depth: 16, elements: 20_000_000, valueBytes: 64 * 1024, itemsKept: 1024 } as const;

export interface DicomElement {
  readonly representation: string;
  /** Where the value lies in the file. */
  readonly at: number;
  readonly length: number;
  /** Null for a sequence and for what is too long to be kept. */
  readonly bytes: Uint8Array | null;
  readonly items: readonly DicomItem[];
}

export type DicomItem = ReadonlyMap<number, DicomElement>;

export interface DicomHeader {
  readonly transferSyntax: string;
  readonly elements: DicomItem;
  /** Null when the file has none; a length of null runs until a delimiter. */
  readonly pixelData: { readonly at: number; readonly length: number | null } | null;
}

const wanted: ReadonlySet<number> = new Set(Object.values(dicomTag));
const blockBytes = 64 * 1024;
const preambleBytes = 132;

/** Whether a file begins as DICOM files do. */
export async function isDicom(source: ByteSource): Promise<boolean> {
  if (source.sizeBytes < preambleBytes) return false;
  return String.fromCharCode(...(await source.read(128, 4))) === 'DICM';
}

/**
 * The file must be DICOM. `onFrame` is called with the groups of each frame that has its own. Throws `slide/structure`,
 * `slide/truncated`, `slide/unsupported`.
 */
export async function readDicomHeader(source: ByteSource, onFrame: (groups: DicomItem) => void): Promise<DicomHeader> {
  const walk = createWalk(source, onFrame);
  const { elements, transferSyntax } = await readMeta(walk);
  const pixelData = await walk.dataSet(elements, transferSyntax === implicitSyntax);
  return { transferSyntax, elements, pixelData };
}

/** What a file is part of, without reading further than that; throws as `readDicomHeader` does. */
export async function readDicomSeries(source: ByteSource): Promise<{ sopClass: string; series: string }> {
  const walk = createWalk(source, () => {});
  const { elements, transferSyntax } = await readMeta(walk);
  await walk.dataSet(elements, transferSyntax === implicitSyntax, dicomTag.series);
  return { sopClass: textOf(elements.get(dicomTag.sopClass)), series: textOf(elements.get(dicomTag.series)) };
}

async function readMeta(walk: ReturnType<typeof createWalk>) {
  const elements = await walk.metaInformation();
  const transferSyntax = textOf(elements.get(dicomTag.transferSyntax));
  const reason = unreadableSyntax[transferSyntax];
  if (reason !== undefined) throw unsupported(reason, { transferSyntax });
  return { elements, transferSyntax };
}

/** Text without the padding that makes its length even. */
export function textOf(element: DicomElement | undefined): string {
  return element?.bytes
    ? Buffer.from(element.bytes)
        .toString('latin1')
        .replace(/[\0 ]+$/, '')
        .trimStart()
    : '';
}

/** A whole number of US, UL, SL or IS; null when the element is not there or is none. */
export function integerOf(element: DicomElement | undefined): number | null {
  if (!element?.bytes) return null;
  const { bytes, representation } = element;
  if (representation === 'IS') return /^\s*[+-]?\d{1,12}\s*$/.test(textOf(element)) ? Number(textOf(element)) : null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 2) return view.getUint16(0, true);
  if (bytes.length !== 4) return null;
  return representation === 'SL' ? view.getInt32(0, true) : view.getUint32(0, true);
}

function createWalk(source: ByteSource, onFrame: (groups: DicomItem) => void) {
  let at = preambleBytes;
  let block: Uint8Array = new Uint8Array(0);
  let view = new DataView(block.buffer);
  let blockAt = 0;
  let elementsSeen = 0;
  const bad = (what: string, fields: Record<string, number> = {}): Error =>
    badStructure(what, { offset: at, ...fields });

  /** Makes the next bytes readable; a promise only where they have to be fetched, which is once a block. */
  const need = (length: number): Promise<void> | undefined =>
    at >= blockAt && at + length <= blockAt + block.length ? undefined : fetchBlock(length);
  const fetchBlock = async (length: number): Promise<void> => {
    if (at + length > source.sizeBytes) throw truncated('an element', { offset: at, sizeBytes: source.sizeBytes });
    block = await source.read(at, Math.min(blockBytes, source.sizeBytes - at));
    view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    blockAt = at;
  };
  const peekTag = (): number => view.getUint16(at - blockAt, true) * 0x1_0000 + view.getUint16(at - blockAt + 2, true);

  const readValue = async (length: number): Promise<Uint8Array> => {
    await need(length);
    return block.slice(at - blockAt, at - blockAt + length);
  };

  /** Tag, representation and length of the element at hand; `at` is then its value. */
  const readHead = async (implicit: boolean): Promise<{ tag: number; representation: string; length: number }> => {
    if (++elementsSeen > dicomLimits.elements) throw bad('it has too many elements', { limit: dicomLimits.elements });
    await need(8);
    const tag = peekTag();
    const here = at - blockAt;
    if (implicit || tag >= 0xfffe_0000) {
      const length = view.getUint32(here + 4, true);
      at += 8;
      return { tag, representation: sequenceTags.has(tag) ? 'SQ' : implicitRepresentation(tag), length };
    }
    const representation = String.fromCharCode(block[here + 4]!, block[here + 5]!);
    if (!/^[A-Z]{2}$/.test(representation)) throw bad('an element has no type', { tag });
    if (!longRepresentations.has(representation)) {
      const length = view.getUint16(here + 6, true);
      at += 8;
      return { tag, representation, length };
    }
    await need(12);
    const length = view.getUint32(at - blockAt + 8, true);
    at += 12;
    return { tag, representation, length };
  };

  /** Elements up to `end`, or to the item's delimiter where `end` is null. Into `into` go the wanted ones. */
  const readItem = async (
    end: number | null,
    implicit: boolean,
    depth: number,
    into: Map<number, DicomElement> | null,
  ): Promise<void> => {
    while (end === null || at < end) {
      const { tag, representation, length } = await readHead(implicit);
      if (end === null && tag === dicomTag.itemEnd) return;
      await readElement({ tag, representation, length, end, implicit, depth, into });
    }
    if (at !== end) throw bad('an element goes beyond what encloses it');
  };

  interface Found {
    readonly tag: number;
    readonly representation: string;
    readonly length: number;
    readonly end: number | null;
    readonly implicit: boolean;
    readonly depth: number;
    readonly into: Map<number, DicomElement> | null;
  }

  const readElement = async ({ tag, representation, length, end, implicit, depth, into }: Found): Promise<void> => {
    if (tag >= 0xfffe_0000) throw bad('a delimiter stands where an element belongs', { tag });
    const keep = into !== null && wanted.has(tag);
    const start = at;
    if (length === undefinedLength) {
      // An icon's compressed pixels, or a sequence; one of unknown type is written as implicit VR (PS3.5 6.2.2).
      if (tag === dicomTag.pixelData) return skipFragments();
      if (representation !== 'SQ' && representation !== 'UN') throw bad('an element has no length', { tag });
      const items = await readSequence(null, implicit || representation === 'UN', depth, keep ? tag : null);
      if (keep) into.set(tag, { representation: 'SQ', at: start, length: at - start, bytes: null, items });
      return;
    }
    const limit = end ?? source.sizeBytes;
    if (at + length > limit) {
      if (at + length > source.sizeBytes && depth === 0)
        throw truncated('an element', { tag, offset: at, length, sizeBytes: source.sizeBytes });
      throw bad('an element goes beyond what encloses it', { tag, length });
    }
    if (keep && representation === 'SQ') {
      const items = await readSequence(start + length, implicit, depth, tag);
      into.set(tag, { representation, at: start, length, bytes: null, items });
      return;
    }
    if (keep) {
      const bytes = length <= dicomLimits.valueBytes ? await readValue(length) : null;
      into.set(tag, { representation, at: start, length, bytes, items: [] });
    }
    at = start + length;
  };

  /** The items of a sequence up to `end`, or to its delimiter; kept where `tag` is not null. */
  const readSequence = async (
    end: number | null,
    implicit: boolean,
    depth: number,
    tag: number | null,
  ): Promise<DicomItem[]> => {
    if (depth >= dicomLimits.depth) throw bad('its sequences are nested too deeply', { limit: dicomLimits.depth });
    const items: DicomItem[] = [];
    while (end === null || at < end) {
      const head = await readHead(true);
      if (end === null && head.tag === dicomTag.sequenceEnd) return items;
      if (head.tag !== dicomTag.item) throw bad('a sequence holds what is no item', { tag: head.tag });
      const itemEnd = head.length === undefinedLength ? null : at + head.length;
      if (itemEnd !== null && itemEnd > (end ?? source.sizeBytes))
        throw bad('an item goes beyond what encloses it', { length: head.length });
      const item = tag === null ? null : new Map<number, DicomElement>();
      await readItem(itemEnd, implicit, depth + 1, item);
      if (item === null) continue;
      if (tag === dicomTag.frameGroups && depth === 0) onFrame(item);
      else if (items.length < dicomLimits.itemsKept) items.push(item);
    }
    if (at !== end) throw bad('an item goes beyond what encloses it');
    return items;
  };

  const skipFragments = async (): Promise<void> => {
    for (;;) {
      const { tag, length } = await readHead(true);
      if (tag === dicomTag.sequenceEnd) return;
      if (tag !== dicomTag.item || at + length > source.sizeBytes) throw bad('a fragment is none', { tag, length });
      at += length;
    }
  };

  return {
    async metaInformation(): Promise<Map<number, DicomElement>> {
      const meta = new Map<number, DicomElement>();
      while (at + 8 <= source.sizeBytes) {
        await need(8);
        if (peekTag() >= 0x0003_0000) break;
        const head = await readHead(false);
        await readElement({ ...head, end: null, implicit: false, depth: 0, into: meta });
      }
      return meta;
    },
    /** Ends at the pixels, whose place it gives, or with null behind the element `last` and at the end of the file. */
    async dataSet(
      into: Map<number, DicomElement>,
      implicit: boolean,
      last = Number.POSITIVE_INFINITY,
    ): Promise<DicomHeader['pixelData']> {
      for (let tag = 0; at < source.sizeBytes && tag < last; ) {
        const head = await readHead(implicit);
        tag = head.tag;
        if (tag === dicomTag.pixelData) return { at, length: head.length === undefinedLength ? null : head.length };
        await readElement({ ...head, end: source.sizeBytes, implicit, depth: 0, into });
      }
      return null;
    },
  };
}

/** Numbers whose representation matters when implicit VR leaves it out. */
function implicitRepresentation(tag: number): string {
  if (tag === dicomTag.frames) return 'IS';
  return tag === dicomTag.columnPosition || tag === dicomTag.rowPosition ? 'SL' : 'UN';
}
