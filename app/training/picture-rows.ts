/** Pictures as a network without frozen layers takes them, made anew at each reading: nothing is stored. */
import type { Activations, CacheRequest } from './activation-cache.ts';
import { augmentPatch } from './augment/augment-patch.ts';
import { viewOf } from './augment/view.ts';
import type { PlannedPatch } from './ports.ts';
import { preprocess } from './preprocess.ts';

export function pictureRows(
  { source, augment, seed, network }: CacheRequest,
  patches: readonly PlannedPatch[],
  views: number,
  firstView: number,
): Activations {
  const { sizePx, contextPx } = source;
  const pixels = new Uint8Array(sizePx ** 2 * 3);
  let first = firstView;
  return {
    patches,
    views,
    shape: [sizePx, sizePx, 3],
    bytes: 0,
    async read(patch, view, into) {
      const { index } = patches[patch]!;
      const stored = new Uint8Array((sizePx + 2 * contextPx) ** 2 * 3); // its own: several are read at once
      await source.read(index, stored);
      augmentPatch(stored, sizePx, contextPx, viewOf(augment, seed, first + view, index), pixels);
      into.set(preprocess(pixels, network.preprocessing));
    },
    async renew(round) {
      first = firstView + round * views;
    },
    close: async () => {},
  };
}
