/** Rows of the next batches, read while a step runs, and how long the engine waited for them all the same. */
import { runAhead } from '../core/run-ahead.ts';
import { type Activations, type Draw, rowLength } from './activation-cache.ts';

/** Batches read before they are asked for: the next one, and one more for a read that takes longer than a step. */
const batchesAhead = 2;

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
  const reading = runAhead(batches, (batch) => readRows(activations, batch), batchesAhead);
  let waitedMs = 0;
  return {
    async next() {
      const startMs = performance.now();
      try {
        return await reading.next();
      } finally {
        waitedMs += performance.now() - startMs;
      }
    },
    get waitedMs() {
      return waitedMs;
    },
    close: () => reading.close(),
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
