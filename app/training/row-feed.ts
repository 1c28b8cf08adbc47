/**
 * Rows of the next batches, read while a step runs:
 *
 *     read   [ 1 ][ 2 ][ 3 ]  [ 4 ]    [ 5 ]        at most `readAhead` batches wait
 *     step        [--- 1 ---][--- 2 ---][--- 3 ---]
 *
 * Order and content are those of reading when a step asks; only the moment differs.
 */
import { type Activations, type Draw, rowLength } from './activation-cache.ts';

/** Batches read before they are asked for: the next one, and one more for a read that takes longer than a step. */
const readAhead = 2;

export interface RowFeed {
  /** The next batch's rows, one after another: [n, h * w * channels]. Rejects with what its reading threw. */
  next(): Promise<Float32Array>;
  /** Milliseconds that `next` has taken so far: what the engine waited for data. */
  readonly waitedMs: number;
  /** Waits for reads under way and drops what they bring; nothing is read afterwards. */
  close(): Promise<void>;
}

/** @param batches in the order in which `next` is called; may have no end. */
export function feedRows(activations: Activations, batches: Iterable<readonly Draw[]>): RowFeed {
  const left = batches[Symbol.iterator]();
  const reading: Promise<Float32Array>[] = [];
  let waitedMs = 0;
  /** False at the end of the batches. */
  const begin = (): boolean => {
    const { value, done } = left.next();
    if (done) return false;
    const rows = readRows(activations, value);
    rows.catch(() => undefined); // told by `next`, or nobody wants it any more
    reading.push(rows);
    return true;
  };
  return {
    async next() {
      const startMs = performance.now();
      while (reading.length <= readAhead && begin());
      try {
        return await reading.shift()!;
      } finally {
        waitedMs += performance.now() - startMs;
      }
    },
    get waitedMs() {
      return waitedMs;
    },
    async close() {
      await Promise.allSettled(reading.splice(0));
    },
  };
}

/** The rows of `draws`. All are read at once, so that a file answers side by side. */
export async function readRows(activations: Activations, draws: readonly Draw[]): Promise<Float32Array> {
  const length = rowLength(activations.shape);
  const rows = new Float32Array(draws.length * length);
  const rowAt = (i: number): Float32Array => rows.subarray(i * length, (i + 1) * length);
  await Promise.all(draws.map(({ patch, view }, i) => activations.read(patch, view, rowAt(i))));
  return rows;
}
