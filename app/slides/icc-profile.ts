/**
 * What a slide's ICC profile says of itself (ICC.1:2022), held against its own length before a colour engine sees it.
 *
 *     header (128 bytes): size, class, colours of the device, colours of the connection space, 'acsp'
 *     count, then for each tag: name, offset, size        inside the profile
 *     rXYZ gXYZ bXYZ rTRC gTRC bTRC  or  A2B0             what leads from the device's RGB to colours
 */
import type { IccProfile } from '../core/slide.ts';

/** A scanner's measured table takes half a megabyte; what is larger is no profile of a slide. */
export const mostProfileBytes = 4 * 2 ** 20;
const headerBytes = 128;
const mostTags = 200;
const longestName = 80;
const matrixTags = ['rXYZ', 'gXYZ', 'bXYZ', 'rTRC', 'gTRC', 'bTRC'];
const tagTypes: Readonly<Record<string, readonly string[]>> = {
  XYZ: ['XYZ '],
  TRC: ['curv', 'para'],
  A2B: ['mft1', 'mft2', 'mAB '],
};

/** Of sRGB, adapted to D50 (IEC 61966-2-1 and ICC.1). */
const srgbPrimaries = [
  ['rXYZ', [0.436, 0.2225, 0.0139]],
  ['gXYZ', [0.3851, 0.7169, 0.0971]],
  ['bXYZ', [0.1431, 0.0606, 0.7141]],
] as const;

/** `icc` is null where the slide has no profile, or none that can be used: `why` then says so in words. */
export function readIccProfile(bytes: Uint8Array | null): { icc: IccProfile | null; why: string | null } {
  if (!bytes) return { icc: null, why: null };
  const tags = readTags(bytes);
  if (typeof tags === 'string') return { icc: null, why: tags };
  return { icc: { description: readName(tags.get('desc')), bytes: bytes.length }, why: null };
}

/** The profile's tags by name, or why it cannot be used. */
function readTags(bytes: Uint8Array): Map<string, Buffer> | string {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (all.length > mostProfileBytes) return `it is larger than ${mostProfileBytes / 2 ** 20} MiB`;
  if (all.length < headerBytes + 4 || word(all, 36) !== 'acsp') return 'it is no ICC profile';
  const size = all.readUInt32BE(0);
  if (size > all.length || size < headerBytes + 4) return 'it is cut off';
  if (!['scnr', 'mntr', 'prtr', 'spac'].includes(word(all, 12))) return 'it is not the profile of a device';
  if (word(all, 16) !== 'RGB ') return 'it is not for RGB';
  if (!['XYZ ', 'Lab '].includes(word(all, 20))) return 'its connection space is not known';
  const count = all.readUInt32BE(headerBytes);
  if (count > mostTags || headerBytes + 4 + count * 12 > size) return 'its tags are none';
  const tags = new Map<string, Buffer>();
  for (let i = 0; i < count; i++) {
    const entry = headerBytes + 4 + i * 12;
    const [at, length] = [all.readUInt32BE(entry + 4), all.readUInt32BE(entry + 8)];
    if (at < headerBytes || length < 8 || at + length > size) return 'a tag of it lies outside of it';
    tags.set(word(all, entry), all.subarray(at, at + length));
  }
  const way = tags.has('A2B0') ? ['A2B0'] : matrixTags;
  const sound = way.every((name) => {
    const tag = tags.get(name);
    return tag && tagTypes[name === 'A2B0' ? 'A2B' : name.slice(1)]!.includes(word(tag, 0));
  });
  return sound ? tags : 'it does not say what its colours are';
}

/** True when its primaries are those of sRGB: such a profile may leave colours as they are. */
export function isSrgb(bytes: Uint8Array): boolean {
  const tags = readTags(bytes);
  if (typeof tags === 'string' || tags.has('A2B0')) return false;
  return srgbPrimaries.every(([name, primary]) => {
    const tag = tags.get(name)!;
    return (
      tag.length >= 20 && primary.every((value, i) => Math.abs(tag.readInt32BE(8 + i * 4) / 65_536 - value) < 0.003)
    );
  });
}

function word(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + 4);
}

/** Text of version 2 (`desc`) or the first of version 4 (`mluc`), on one line. */
function readName(tag: Buffer | undefined): string {
  let text = '';
  if (tag && tag.length >= 12 && word(tag, 0) === 'desc') {
    text = tag.toString('latin1', 12, Math.min(tag.length, 12 + tag.readUInt32BE(8)));
  } else if (tag && tag.length >= 28 && word(tag, 0) === 'mluc' && tag.readUInt32BE(8) > 0) {
    const [length, at] = [tag.readUInt32BE(20), tag.readUInt32BE(24)];
    // Big-endian; Node reads the other order.
    const utf16 = Buffer.from(tag.subarray(at, Math.min(tag.length, at + Math.min(length, 4 * longestName))));
    text = utf16
      .subarray(0, utf16.length & ~1)
      .swap16()
      .toString('utf16le');
  }
  const line = text
    .replace(/\0[\s\S]*$/, '')
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim();
  return line.slice(0, longestName) || 'unnamed';
}
