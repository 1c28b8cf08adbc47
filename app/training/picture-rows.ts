/** Pictures as a network without frozen layers takes them, made anew at each reading: nothing is stored. */
import type { Activations, CacheRequest } from './activation-cache.ts';
import { makeViews } from './augment/make-views.ts';
import type { PlannedPatch } from './ports.ts';
import { preprocess } from './preprocess.ts';

export function pictureRows(
  { source, augment, seed, network }: CacheRequest,
  patches: readonly PlannedPatch[],
  views: number,
  firstView: number,
): Activations {
  let first = firstView;
  return {
    patches,
    views,
    shape: [source.sizePx, source.sizePx, 3],
    bytes: 0,
    async read(patch, view, into) {
      const request = { patch: patches[patch]!.index, view: first + view };
      const pixels = await makeViews(source, { augment, seed, views: [request] });
      preprocess(pixels, network.preprocessing, into);
    },
    async renew(round) {
      first = firstView + round * views;
    },
    close: async () => {},
  };
}
