/** Pictures of views, batch by batch, for a forward pass. */
import type { Augment } from '../../core/recipe-augment.ts';
import type { PatchSource } from '../ports.ts';
import { augmentPatch } from './augment-patch.ts';
import { viewOf } from './view.ts';

export interface ViewRequest {
  /** The patch's place in the store; with the view it decides the draw. */
  readonly patch: number;
  readonly view: number;
}

export interface ViewBatch {
  /** [count, size, size, rgb] uint8; reused by the next batch. */
  readonly pixels: Uint8Array;
  readonly count: number;
  /** Place of the first picture in `requests`. */
  readonly from: number;
}

/** Views in the order of `requests`; neighbouring requests of one patch read it once. */
export async function* viewBatches(
  source: PatchSource,
  augment: Augment | null,
  seed: number,
  requests: readonly ViewRequest[],
  batchSize: number,
): AsyncGenerator<ViewBatch> {
  const { sizePx, contextPx } = source;
  const bytes = sizePx * sizePx * 3;
  const stored = new Uint8Array((sizePx + 2 * contextPx) ** 2 * 3);
  const pixels = new Uint8Array(batchSize * bytes);
  let inHand = -1;
  for (let from = 0; from < requests.length; from += batchSize) {
    const count = Math.min(batchSize, requests.length - from);
    for (let i = 0; i < count; i++) {
      const { patch, view } = requests[from + i]!;
      if (patch !== inHand) await source.read(patch, stored);
      inHand = patch;
      const into = pixels.subarray(i * bytes, (i + 1) * bytes);
      augmentPatch(stored, sizePx, contextPx, viewOf(augment, seed, view, patch), into);
    }
    yield { pixels, count, from };
  }
}

/** `views` views of each patch, patch by patch, the first of them `firstView`. */
export function allViews(patches: readonly { readonly index: number }[], views: number, firstView = 0): ViewRequest[] {
  const numbers = Array.from({ length: views }, (_, view) => firstView + view);
  return patches.flatMap(({ index }) => numbers.map((view) => ({ patch: index, view })));
}
