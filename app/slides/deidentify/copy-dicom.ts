/**
 * Writes the levels of a DICOM slide without names: each data set by the rules of dicom-rules.ts, frames and fragments as they were.
 *
 *     first walk, all files     values taken out, new UIDs, whether anything is burned into the pixels
 *     second walk, levels       128 zeros | DICM | new file meta | kept elements, those always there between them | pixels
 */
import { randomUUID } from 'node:crypto';
import type { ByteSource } from '../byte-source.ts';
import { dicomTag, implicitSyntax, longRepresentations, undefinedLength, wholeSlideClass } from '../dicom-format.ts';
import type { DicomInstance } from '../dicom-instance.ts';
import { type ByteWriter, createByteWriter } from './byte-writer.ts';
import { cleanProfile } from './clean-profile.ts';
import { copyFragments, copyRange } from './copy-frames.ts';
import {
  alwaysThere,
  closedForms,
  codeTags,
  dicomName,
  dicomRules,
  methodCode,
  notSearched,
  standardUid,
  textTypes,
} from './dicom-rules.ts';
import { encodeElement, headOf, implementationClass, itemHead, trimmed, writeFileMeta } from './encode-dicom.ts';
import { notCopied } from './plan-tiff-copy.ts';
import { type Taken, termsOf, textOfBytes, textsInBytes } from './search-terms.ts';
import { type WalkedElement, walkDicom } from './walk-dicom.ts';

const mostValueBytes = 2 ** 20;
const elementsAStep = 1024;
/** Frames may have a date each. */
const mostNoted = 100_000;
const tables: readonly number[] = [dicomTag.extendedOffsets, dicomTag.extendedLengths];

export interface DicomCopier {
  readonly taken: readonly Taken[];
  /** What the copies hold by closed forms, and the words of products and codes that they keep. */
  readonly kept: string;
  readonly words: string;
  /** Writes one file. Gives where the pixels lie in it. */
  write(instance: DicomInstance, path: string, onBytes: (count: number) => void): Promise<{ from: number; to: number }>;
}

/** Walks all files of a slide; `onStep` tells that it goes on. Throws `deidentify/unsupported` where a level has a label or a text burned into its pixels. */
export async function createDicomCopier(instances: readonly DicomInstance[], onStep: () => void): Promise<DicomCopier> {
  const noted = new Map<string, Taken>();
  let seen = 0;
  const uids = new Map<string, string>();
  const paths = new Map<string, string>();
  const words = new Set<string>();
  const noteTaken = (name: string, text: string): void => {
    if (text.trim() !== '' && noted.size < mostNoted) noted.set(`${name} ${text}`, { name, text });
  };
  const newUid = (uid: string): string => {
    if (standardUid.test(uid)) return uid;
    if (!uids.has(uid)) uids.set(uid, `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`);
    return uids.get(uid)!;
  };
  const newPath = (path: string): string => {
    if (!paths.has(path)) paths.set(path, `${paths.size + 1}`);
    return paths.get(path)!;
  };

  /** What stands in place of a value: bytes, or null where it is left out. Notes what is taken out. */
  const replace = (element: WalkedElement, bytes: Uint8Array, allowed: boolean): Uint8Array | null => {
    const { tag, vr } = element;
    if (++seen % elementsAStep === 0) onStep();
    const ruled = dicomRules.get(tag);
    const text = textTypes.has(vr) ? trimmed(textOfBytes(bytes)) : '';
    const name = dicomName(tag);
    const leaveOut = (): null => {
      if (codeTags.has(tag) || notSearched.has(vr) || standardUid.test(text)) return null;
      noteTaken(name, vr === 'UN' || !textTypes.has(vr) ? binaryText(vr, bytes) : text);
      return null;
    };
    if (!allowed || !ruled || ruled.vr !== vr) return leaveOut();
    const { rule } = ruled;
    if (rule === 'keep') {
      const form = closedForms[vr];
      return !form || form.test(text) ? bytes : leaveOut();
    }
    if (rule === 'uid') {
      for (const uid of text.split('\\')) if (newUid(uid) !== uid) noteTaken(name, uid);
      return Buffer.from(text === '' ? '' : text.split('\\').map(newUid).join('\\'), 'latin1');
    }
    if (rule === 'words') {
      words.add(text);
      return bytes;
    }
    if (rule === 'path') {
      if (text !== newPath(text)) noteTaken(name, text);
      return Buffer.from(newPath(text), 'latin1');
    }
    if (rule === 'profile') {
      const clean = cleanProfile(bytes);
      for (const left of clean?.left ?? [bytes]) noteTaken(name, textsInBytes(left));
      return clean?.profile ?? null;
    }
    const instead = typeof rule === 'object' ? rule.instead : '';
    if (text !== instead) leaveOut();
    return Buffer.from(instead, 'latin1');
  };

  for (const instance of instances) {
    for (const tag of [dicomTag.sopInstance, dicomTag.series]) {
      const element = instance.header.elements.get(tag);
      if (element?.bytes) newUid(trimmed(textOfBytes(element.bytes)));
    }
    await walkInstance(instance, {
      async value(element, read) {
        if (element.length > mostValueBytes || tables.includes(element.tag)) return;
        const bytes = await read();
        if (instance.kind === 'VOLUME' && element.depth === 0) refuseBurnedIn(element, bytes);
        replace(element, bytes, true);
      },
      sequence() {},
    });
    for (const found of await metaTexts(instance)) noteTaken(found.name, found.text);
  }
  const taken = [...noted.values()];
  const terms = taken.flatMap(({ text }) => termsOf(text));
  const known = new Map<string, boolean>();
  const clashes = (text: string): boolean => {
    const clash = known.get(text) ?? terms.some((term) => term.length > 2 && text.includes(term));
    known.set(text, clash);
    return clash;
  };

  const writeInstance = async (instance: DicomInstance, writer: ByteWriter, onBytes: (count: number) => void) => {
    const implicit = instance.header.transferSyntax === implicitSyntax;
    const encode = (tag: number, vr: string, value: Uint8Array): Buffer => encodeElement(tag, vr, value, implicit);
    const always = new Map<number, Buffer>(
      alwaysThere.map(({ tag, vr, value }) => [tag, encode(tag, vr, Buffer.from(value, 'latin1'))]),
    );
    const code = methodCode.items.map(({ tag, vr, value }) => encode(tag, vr, Buffer.from(value, 'latin1')));
    always.set(
      methodCode.tag,
      Buffer.concat([
        headOf(methodCode.tag, 'SQ', undefinedLength, implicit),
        itemHead(dicomTag.item, undefinedLength),
        ...code,
        itemHead(dicomTag.itemEnd, 0),
        itemHead(dicomTag.sequenceEnd, 0),
      ]),
    );
    const waiting = [...always.keys()].sort((a, b) => a - b);
    /** Writes what comes before `tag`; true when the element of that tag is one of these. */
    const putAlways = async (tag: number): Promise<boolean> => {
      while (waiting.length > 0 && waiting[0]! < tag) await writer.append(always.get(waiting.shift()!)!);
      return always.has(tag);
    };
    /** Whether the sequences around are kept, from the outermost in. */
    const around: boolean[] = [];
    const isOpen = (): boolean => around.every(Boolean);

    await writer.append(writeFileMeta(newUid(instance.uid), instance.header.transferSyntax));
    const head = await walkInstance(instance, {
      async value(element, read) {
        const { tag, vr, length, depth } = element;
        if (depth === 0 && (await putAlways(tag))) return;
        if (!isOpen() || (length > mostValueBytes && !tables.includes(tag) && tag !== 0x0028_2000)) return;
        const ruled = dicomRules.get(tag);
        if (!ruled || ruled.vr !== vr) return;
        const written = replace(element, await read(), true);
        if (!written) return;
        const named = ruled.rule === 'words' && clashes(trimmed(textOfBytes(written)));
        await writer.append(encode(tag, vr, named ? Buffer.from('not given') : written));
      },
      async sequence({ tag, depth }, part) {
        if (part === 'begin') {
          if (depth === 0) await putAlways(tag);
          const rule = dicomRules.get(tag)?.rule;
          const kept = isOpen() && rule === 'sequence';
          if (isOpen() && rule === 'empty') await writer.append(encode(tag, 'SQ', new Uint8Array(0)));
          around.push(kept);
          if (kept) await writer.append(headOf(tag, 'SQ', undefinedLength, implicit));
          return;
        }
        if (isOpen()) {
          if (part === 'item') await writer.append(itemHead(dicomTag.item, undefinedLength));
          else if (part === 'item-end') await writer.append(itemHead(dicomTag.itemEnd, 0));
          else await writer.append(itemHead(dicomTag.sequenceEnd, 0));
        }
        if (part === 'end') around.pop();
      },
    });
    await putAlways(dicomTag.pixelData);
    const { vr, length, at } = head!;
    await writer.append(headOf(dicomTag.pixelData, vr === 'UN' ? 'OB' : vr, length, implicit));
    const from = writer.sizeBytes;
    if (length === undefinedLength) await copyFragments(instance.source, at, writer, onBytes);
    else await copyRange(instance.source, at, at + length, writer, onBytes);
    return { from, to: writer.sizeBytes };
  };

  const constants = [...alwaysThere, ...methodCode.items].map(({ value }) => value);
  const instead = [...dicomRules.values()].flatMap(({ rule }) => (typeof rule === 'object' ? [rule.instead] : []));
  return {
    taken,
    kept: [...uids.values(), ...paths.values(), ...constants, ...instead, implementationClass, wholeSlideClass].join(
      '\n',
    ),
    words: [...words].join('\n'),
    async write(instance, path, onBytes) {
      const writer = await createByteWriter(path);
      try {
        const pixels = await writeInstance(instance, writer, onBytes);
        await writer.finish();
        return pixels;
      } finally {
        await writer.close();
      }
    },
  };
}

/** Files whose own flags say that the pixels of a level show what names somebody. */
function refuseBurnedIn({ tag }: WalkedElement, bytes: Uint8Array): void {
  const says = trimmed(textOfBytes(bytes)) === 'YES';
  if (says && tag === 0x0028_0301) throw notCopied('a slide whose file says that texts are burned into its pixels');
  if (says && tag === 0x0048_0010) throw notCopied('a slide whose file says that its label is in the picture');
}

function walkInstance({ source, header }: DicomInstance, visitor: Parameters<typeof walkDicom>[2]) {
  const implicit = header.transferSyntax === implicitSyntax;
  const vrOf = (tag: number): string => dicomRules.get(tag)?.vr ?? 'UN';
  return metaEnd(source).then((at) => walkDicom(source, { at, end: source.sizeBytes, implicit, vrOf }, visitor));
}

const metaStart = 132;

/** Behind the last element of group 2. */
async function metaEnd(source: ByteSource): Promise<number> {
  const head = Buffer.from(await source.read(metaStart, Math.min(4096, source.sizeBytes - metaStart)));
  let at = 0;
  while (at + 12 <= head.length && head.readUInt16LE(at) === 2) {
    const isLong = longRepresentations.has(head.toString('latin1', at + 4, at + 6));
    at += isLong ? 12 + head.readUInt32LE(at + 8) : 8 + head.readUInt16LE(at + 6);
  }
  return metaStart + at;
}

/** What preamble and file meta say: they are written anew. */
async function metaTexts({ source }: DicomInstance): Promise<Taken[]> {
  const end = await metaEnd(source);
  const preamble = await source.read(0, 128);
  const meta = Buffer.from(await source.read(metaStart, end - metaStart));
  const taken: Taken[] = [{ name: 'preamble', text: textsInBytes(preamble) }];
  for (let at = 0; at + 12 <= meta.length; ) {
    const isLong = longRepresentations.has(meta.toString('latin1', at + 4, at + 6));
    const from = at + (isLong ? 12 : 8);
    const to = from + (isLong ? meta.readUInt32LE(at + 8) : meta.readUInt16LE(at + 6));
    const number = meta.readUInt16LE(at) * 0x1_0000 + meta.readUInt16LE(at + 2);
    const text = trimmed(textOfBytes(meta.subarray(from, to)));
    const isOurs = number === 0x0002_0000 || number === 0x0002_0001 || standardUid.test(text);
    if (!isOurs) taken.push({ name: `file meta ${dicomName(number)}`, text });
    at = to;
  }
  return taken;
}

/** Numbers are no texts; bytes of no known type may hold some. */
function binaryText(vr: string, bytes: Uint8Array): string {
  return vr === 'UN' || vr === 'OB' ? textsInBytes(bytes) : '';
}
