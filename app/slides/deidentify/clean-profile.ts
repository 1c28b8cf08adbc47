/**
 * An ICC profile without its words: what turns colours into colours is copied byte for byte, description and copyright are written anew,
 * and every other text (targets, makers, viewing conditions, private tags) is left out. Source: ICC.1:2022.
 */

const headerBytes = 128;
const mostTags = 200;
/** Tags of numbers only, by name. */
const colourTags =
  /^(wtpt|bkpt|[rgb]XYZ|[rgbk]TRC|A2B[0-3]|B2A[0-3]|D2B[0-3]|B2D[0-3]|gamt|chad|lumi|meas|chrm|cicp|tech|rig0|ciis|pre[0-2])$/;
/** Types that hold no text, by name. */
const numberTypes = /^(XYZ |curv|para|mft1|mft2|mAB |mBA |mpet|sf32|uf32|meas|chrm|cicp|sig |ui08|ui16|ui32)$/;
const description = 'Scanner profile';

export interface CleanProfile {
  readonly profile: Uint8Array;
  /** The data of the tags that are left out or written anew. */
  readonly left: readonly Uint8Array[];
}

/** Null when the bytes are no profile. */
export function cleanProfile(bytes: Uint8Array): CleanProfile | null {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (source.length < headerBytes + 4 || source.toString('latin1', 36, 40) !== 'acsp') return null;
  const count = source.readUInt32BE(headerBytes);
  if (count > mostTags || headerBytes + 4 + count * 12 > source.length) return null;
  const isNewer = source[8]! >= 4;
  const tags: { name: string; data: Buffer }[] = [
    { name: 'desc', data: isNewer ? words(description) : oldDescription(description) },
    { name: 'cprt', data: isNewer ? words('none') : oldText('none') },
  ];
  const left: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const entry = headerBytes + 4 + i * 12;
    const [name, at, length] = [
      source.toString('latin1', entry, entry + 4),
      source.readUInt32BE(entry + 4),
      source.readUInt32BE(entry + 8),
    ];
    if (at < headerBytes || length < 8 || at + length > source.length) return null;
    const data = source.subarray(at, at + length);
    if (colourTags.test(name) && numberTypes.test(data.toString('latin1', 0, 4))) tags.push({ name, data });
    else left.push(data);
  }
  // Tags of other names may share their data with one that is kept.
  const alone = left.filter((data) => !tags.some((kept) => kept.data.equals(data)));
  return { profile: assemble(cleanHeader(source), tags), left: alone };
}

/** Without the ID, which is a sum over all bytes, and the day on which it was made. */
function cleanHeader(source: Buffer): Buffer {
  const header = Buffer.from(source.subarray(0, headerBytes));
  for (const [i, part] of [2000, 1, 1, 0, 0, 0].entries()) header.writeUInt16BE(part, 24 + i * 2);
  header.fill(0, 84, 128);
  return header;
}

function assemble(header: Buffer, tags: readonly { name: string; data: Buffer }[]): Buffer {
  const table = Buffer.alloc(4 + tags.length * 12);
  table.writeUInt32BE(tags.length, 0);
  const parts: Buffer[] = [];
  /** Equal data (three curves are often one) stands once. */
  const places = new Map<string, number>();
  let end = headerBytes + table.length;
  for (const [i, { name, data }] of tags.entries()) {
    const key = data.toString('latin1');
    if (!places.has(key)) {
      places.set(key, end);
      parts.push(data, Buffer.alloc(-data.length & 3));
      end += data.length + (-data.length & 3);
    }
    table.write(name, 4 + i * 12, 'latin1');
    table.writeUInt32BE(places.get(key)!, 8 + i * 12);
    table.writeUInt32BE(data.length, 12 + i * 12);
  }
  header.writeUInt32BE(end, 0);
  return Buffer.concat([header, table, ...parts]);
}

/** `mluc` with one record, for version 4. */
function words(text: string): Buffer {
  const utf16 = Buffer.from(text, 'utf16le').swap16();
  const head = Buffer.alloc(28);
  head.write('mluc', 0, 'latin1');
  head.writeUInt32BE(1, 8);
  head.writeUInt32BE(12, 12);
  head.write('enUS', 16, 'latin1');
  head.writeUInt32BE(utf16.length, 20);
  head.writeUInt32BE(28, 24);
  return Buffer.concat([head, utf16]);
}

function oldText(text: string): Buffer {
  return Buffer.concat([Buffer.from('text\0\0\0\0', 'latin1'), Buffer.from(`${text}\0`, 'latin1')]);
}

/** `desc` of version 2: ASCII, then an empty Unicode and an empty Macintosh name. */
function oldDescription(text: string): Buffer {
  const ascii = Buffer.from(`${text}\0`, 'latin1');
  const head = Buffer.alloc(12);
  head.write('desc', 0, 'latin1');
  head.writeUInt32BE(ascii.length, 8);
  return Buffer.concat([head, ascii, Buffer.alloc(8 + 3 + 67)]);
}
