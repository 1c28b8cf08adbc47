/** Pictures of views, batch by batch, for a forward pass; the next batch is made while one is used. */
import { chunks } from '../../core/chunks.ts';
import type { Augment } from '../../core/recipe-augment.ts';
import { runAhead } from '../../core/run-ahead.ts';
import type { PatchSource, ViewRequest } from '../ports.ts';
import { makeViews } from './make-views.ts';

/** Batches made before they are asked for. */
const batchesAhead = 2;

export interface ViewBatch {
  /** [count, size, size, rgb] uint8. */
  readonly pixels: Uint8Array;
  readonly count: number;
  /** Place of the first picture in `requests`. */
  readonly from: number;
}

/** Views in the order of `requests`. */
export async function* viewBatches(
  source: PatchSource,
  augment: Augment | null,
  seed: number,
  requests: readonly ViewRequest[],
  batchSize: number,
): AsyncGenerator<ViewBatch> {
  const batches = [...chunks(requests, batchSize)];
  const made = runAhead(batches, (views) => makeViews(source, { augment, seed, views }), batchesAhead);
  try {
    for (const [b, { length: count }] of batches.entries()) {
      yield { pixels: await made.next(), count, from: b * batchSize };
    }
  } finally {
    await made.close();
  }
}

/** `views` views of each patch, patch by patch, the first of them `firstView`. */
export function allViews(patches: readonly { readonly index: number }[], views: number, firstView = 0): ViewRequest[] {
  const numbers = Array.from({ length: views }, (_, view) => firstView + view);
  return patches.flatMap(({ index }) => numbers.map((view) => ({ patch: index, view })));
}
