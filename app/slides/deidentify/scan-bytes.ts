/**
 * Looks for many short texts in every byte of a file in one pass, by the last two bytes of a window as long as the shortest text.
 *
 *     ... x x [ w i n d o w ] x x ...      the pair "ow" tells how far the window may move, or which texts may stand here
 *
 * Source: Wu and Manber, A fast algorithm for multi-pattern searching, TR-94-17, University of Arizona, 1994.
 */
import type { ByteSource } from '../byte-source.ts';

/** A text as the bytes that one encoding makes of it, with the name of where it was taken from. */
export interface Needle {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const blockBytes = 4 * 2 ** 20;
const farthest = 255;

/** Calls `onHit` for each place in `data` where a needle of at least two bytes stands. */
export type Search = (data: Uint8Array, onHit: (needle: Needle, at: number) => void) => void;

/** Prepares a search for all needles at once. */
export function compileSearch(needles: readonly Needle[]): Search {
  if (needles.length === 0) return () => {};
  const window = Math.min(farthest, ...needles.map(({ bytes }) => bytes.length));
  const moves = new Uint8Array(65_536).fill(window - 1);
  const endingWith = new Map<number, Needle[]>();
  for (const needle of needles) {
    for (let end = 1; end < window; end++) {
      const pair = needle.bytes[end - 1]! | (needle.bytes[end]! << 8);
      moves[pair] = Math.min(moves[pair]!, window - 1 - end);
      if (end === window - 1) endingWith.set(pair, [...(endingWith.get(pair) ?? []), needle]);
    }
  }
  return (data, onHit) => {
    for (let end = window - 1; end < data.length; ) {
      const pair = data[end - 1]! | (data[end]! << 8);
      const move = moves[pair]!;
      if (move > 0) {
        end += move;
        continue;
      }
      const at = end - window + 1;
      for (const needle of endingWith.get(pair)!) if (standsAt(data, at, needle.bytes)) onHit(needle, at);
      end++;
    }
  };
}

function standsAt(data: Uint8Array, at: number, bytes: Uint8Array): boolean {
  if (at + bytes.length > data.length) return false;
  for (let i = 0; i < bytes.length; i++) if (data[at + i] !== bytes[i]) return false;
  return true;
}

/** Names of the needles that stand anywhere in `[from, to)` of a file; blocks overlap, so that none hides at a border. */
export async function scanRange(
  source: ByteSource,
  needles: readonly Needle[],
  { from, to }: { from: number; to: number },
  onBytes: (count: number) => void,
): Promise<Set<string>> {
  const found = new Set<string>();
  const search = compileSearch(needles);
  const overlap = Math.max(0, ...needles.map(({ bytes }) => bytes.length - 1));
  for (let at = from; at < to; at += blockBytes) {
    const end = Math.min(to, at + blockBytes);
    const start = Math.max(from, at - overlap);
    search(await source.read(start, end - start), ({ name }) => found.add(name));
    onBytes(end - at);
  }
  return found;
}
