/**
 * A large JSON file read feature by feature: the bytes are walked once, and only one item's text is parsed at a time.
 *
 *     {"type": "FeatureCollection", "features": [ item, item, ... ]}      [ item, item, ... ]      item
 *
 * Depth is counted before anything is parsed: JSON.parse takes a 200,000-deep array without a word.
 */
import { EosinError } from '../core/errors.ts';

const deepestJson = 64;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openings = new Set([0x5b, 0x7b]);
const closings = new Set([0x5d, 0x7d]);
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * Yields each item as parsed JSON. Throws `annotation/not-json` for text that is not JSON (at the end for what stands
 * around the items) and `annotation/too-deep` beyond 64 levels.
 */
export function* jsonItems(bytes: Uint8Array): Generator<unknown> {
  const start = startOfText(bytes);
  let depth = 0;
  /** Depth at which items are separated, once their array was found. */
  let itemDepth = -1;
  let itemStart = -1;
  let arrayStart = -1;
  let arrayEnd = -1;
  let lastString: [from: number, to: number] = [0, 0];
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === quote) {
      const end = endOfString(bytes, at);
      lastString = [at, end];
      at = end;
    } else if (openings.has(byte)) {
      depth++;
      if (depth > deepestJson) throw tooDeep();
      const isList = byte === openBracket && arrayStart < 0 && itemDepth < 0;
      if (isList && (depth === 1 || (depth === 2 && isFeaturesKey(bytes, lastString, at)))) {
        itemDepth = depth;
        arrayStart = at;
        itemStart = at + 1;
      }
    } else if (closings.has(byte)) {
      if (depth === itemDepth) {
        if (byte !== closeBracket) throw notJson();
        if (arrayStart + 1 !== itemStart || !isBlank(bytes, itemStart, at)) yield parse(bytes, itemStart, at);
        arrayEnd = at;
        itemDepth = -1;
      }
      depth--;
      if (depth < 0) throw notJson();
    } else if (byte === comma && depth === itemDepth) {
      yield parse(bytes, itemStart, at);
      itemStart = at + 1;
    }
  }
  if (depth !== 0) throw notJson();
  if (arrayStart < 0) {
    yield parse(bytes, start, bytes.length);
    return;
  }
  const around = decode(bytes, start, arrayStart + 1) + decode(bytes, arrayEnd, bytes.length);
  parseText(around);
}

/** Whether `text` before an opening bracket is the key "features". */
function isFeaturesKey(bytes: Uint8Array, [from, to]: readonly [number, number], bracket: number): boolean {
  return decode(bytes, from, to + 1) === '"features"' && decode(bytes, to + 1, bracket).trim() === ':';
}

/** Index of the closing quote of the string that opens at `at`. */
function endOfString(bytes: Uint8Array, at: number): number {
  for (let i = at + 1; i < bytes.length; i++) {
    if (bytes[i] === backslash) i++;
    else if (bytes[i] === quote) return i;
  }
  throw notJson();
}

function startOfText(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  return decode(bytes, from, to).trim() === '';
}

function parse(bytes: Uint8Array, from: number, to: number): unknown {
  return parseText(decode(bytes, from, to));
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    throw notJson(thrown);
  }
}

function decode(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
}

function notJson(cause?: unknown): EosinError {
  return new EosinError('annotation/not-json', 'input', 'The file is not complete JSON.', {
    remedy: 'Export it again; it may have been cut off while it was copied.',
    cause,
  });
}

function tooDeep(): EosinError {
  return new EosinError('annotation/too-deep', 'input', `The file nests more than ${deepestJson} levels.`, {
    remedy: 'This is no export of regions; choose another file.',
  });
}
