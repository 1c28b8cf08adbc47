/** Values taken out of a slide as what the copy is searched for: the words of each, in every encoding that a file may hold them in. */
import type { Needle } from './scan-bytes.ts';

/** A value that does not go into the copy, with the name of the tag or place that held it. */
export interface Taken {
  readonly name: string;
  readonly text: string;
}

export interface SearchTerms {
  /** Long enough never to stand in compressed pixels by chance: looked for in every byte. */
  readonly everywhere: readonly Needle[];
  /** Looked for in every byte that is not pixels. */
  readonly besidePixels: readonly Needle[];
  readonly terms: readonly Taken[];
  /** Values too short to be told from chance; and what is beyond the limit. */
  readonly left: number;
}

const shortest = 4;
const longest = 64;
/** Six bytes stand somewhere in 100 GB of noise once in 2800 searches. */
const leastBytesEverywhere = 6;
const mostTerms = 20_000;

/** `kept` is what the copy holds by closed patterns: what stands there names nobody and is not searched for. */
export function searchTerms(taken: readonly Taken[], kept: string): SearchTerms {
  const terms = new Map<string, string>();
  let left = 0;
  for (const { name, text } of taken)
    for (const term of termsOf(text)) {
      if (terms.has(term) || kept.includes(term)) continue;
      if (term.length < shortest || terms.size >= mostTerms) left++;
      else terms.set(term, name);
    }
  const needles = [...terms].flatMap(([term, name]) => encodings(term).map((bytes): Needle => ({ name, bytes })));
  return {
    everywhere: needles.filter(({ bytes }) => bytes.length >= leastBytesEverywhere),
    besidePixels: needles.filter(({ bytes }) => bytes.length < leastBytesEverywhere),
    terms: [...terms].map(([text, name]) => ({ name, text })),
    left,
  };
}

/** The pieces of a value between what separates entries: `DOE^JANE`, `a|b=c`, lines; numbers of fewer than six digits are none. */
export function termsOf(text: string): string[] {
  const pieces = text.split(/[\p{Cc}|;=^\\/<>"\uFFFD]+/u).map((piece) => piece.trim().slice(0, longest));
  return pieces.filter(
    (piece) => !saysNothing.test(piece) && (/\p{L}/u.test(piece) || (piece.match(/\d/g)?.length ?? 0) >= 6),
  );
}

/** What stands where nobody filled anything in. */
const saysNothing = /^(unknown|none|null|not given|n\.?a\.?|anonymous|anonymized|removed|default|0+|x+)$/i;

/** UTF-8, Latin-1, UTF-16 in both orders; each once. */
function encodings(term: string): Uint8Array[] {
  const little = Buffer.from(term, 'utf16le');
  const all = [Buffer.from(term, 'utf8'), little, Buffer.from(little).swap16()];
  const inLatin1 = [...term].every((letter) => letter.charCodeAt(0) < 256);
  if (inLatin1) all.push(Buffer.from(term, 'latin1'));
  return all.filter((bytes, i) => all.findIndex((other) => other.equals(bytes)) === i);
}

/** The texts in a binary value: runs of at least six printable letters. */
export function textsInBytes(bytes: Uint8Array): string {
  return (textOfBytes(bytes).match(/[\x20-\x7e]{6,}/g) ?? []).join('\n');
}

/** Bytes as the text that they most likely are: UTF-8, else Latin-1; with UTF-16 read, too, where every second byte is zero. */
export function textOfBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf8 = buffer.toString('utf8');
  const text = utf8.includes('\uFFFD') ? buffer.toString('latin1') : utf8;
  return looksLikeUtf16(bytes) ? `${text}\n${utf16Of(buffer, false)}\n${utf16Of(buffer, true)}` : text;
}

function looksLikeUtf16(bytes: Uint8Array): boolean {
  let zeros = 0;
  const seen = Math.min(bytes.length, 4096);
  for (let i = 0; i < seen; i++) if (bytes[i] === 0) zeros++;
  return seen >= 4 && zeros > seen / 4;
}

function utf16Of(buffer: Buffer, bigEndian: boolean): string {
  const even = Buffer.from(buffer.subarray(0, buffer.length & ~1));
  return (bigEndian ? even.swap16() : even).toString('utf16le');
}
