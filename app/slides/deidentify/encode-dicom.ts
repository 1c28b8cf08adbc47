/** Elements of DICOM as bytes (PS3.5 7.1), little endian, with or without their types. */
import { dicomTag, longRepresentations, wholeSlideClass } from '../dicom-format.ts';
import { textTypes } from './dicom-rules.ts';

/** Of this program; a UUID drawn once. */
export const implementationClass = '2.25.302071953829461372850914376019482650173';

/** Preamble and file meta information of a file without names. */
export function writeFileMeta(uid: string, transferSyntax: string): Buffer {
  const element = (tag: number, vr: string, value: Uint8Array | string): Buffer =>
    encodeElement(tag, vr, typeof value === 'string' ? Buffer.from(value, 'latin1') : value, false);
  const meta = Buffer.concat([
    element(0x0002_0001, 'OB', Uint8Array.of(0, 1)),
    element(0x0002_0002, 'UI', wholeSlideClass),
    element(0x0002_0003, 'UI', uid),
    element(dicomTag.transferSyntax, 'UI', transferSyntax),
    element(0x0002_0012, 'UI', implementationClass),
    element(0x0002_0013, 'SH', 'EOSIN'),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), element(0x0002_0000, 'UL', length), meta]);
}

/** The value padded to an even length, as its type has it. */
export function encodeElement(tag: number, vr: string, value: Uint8Array, implicit: boolean): Buffer {
  const padding = value.length % 2 ? Buffer.from([vr === 'UI' || !textTypes.has(vr) ? 0 : 0x20]) : Buffer.alloc(0);
  return Buffer.concat([headOf(tag, vr, value.length + padding.length, implicit), value, padding]);
}

/** Tag, type and length of an element. */
export function headOf(tag: number, vr: string, length: number, implicit: boolean): Buffer {
  if (implicit) return itemHead(tag, length);
  const isLong = longRepresentations.has(vr);
  const head = Buffer.alloc(isLong ? 12 : 8);
  head.writeUInt16LE(Math.floor(tag / 0x1_0000), 0);
  head.writeUInt16LE(tag % 0x1_0000, 2);
  head.write(vr, 4, 'latin1');
  if (isLong) head.writeUInt32LE(length, 8);
  else head.writeUInt16LE(length, 6);
  return head;
}

/** Tag and length, as items and delimiters have them. */
export function itemHead(tag: number, length: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(Math.floor(tag / 0x1_0000), 0);
  head.writeUInt16LE(tag % 0x1_0000, 2);
  head.writeUInt32LE(length, 4);
  return head;
}

/** A text without the padding that makes its length even. */
export function trimmed(text: string): string {
  return text.replace(/[\0 ]+$/, '').trimStart();
}
