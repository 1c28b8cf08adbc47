/** Pictures of views, made by the source's own threads where it has some, otherwise here; the same pixels either way. */
import type { PatchSource, ViewsRequest } from '../ports.ts';
import { augmentPatch } from './augment-patch.ts';
import { viewOf } from './view.ts';

/** [views, size, size, rgb] uint8. Views that are the patches themselves are a copy and not worth a thread. */
export async function makeViews(source: PatchSource, request: ViewsRequest): Promise<Uint8Array<ArrayBuffer>> {
  if (source.makeViews && request.augment !== null) return await source.makeViews(request);
  return await makeViewsHere(source, request);
}

/** On the calling thread; neighbouring views of one patch read it once. */
export async function makeViewsHere(
  source: PatchSource,
  { augment, seed, views }: ViewsRequest,
): Promise<Uint8Array<ArrayBuffer>> {
  const { sizePx, contextPx } = source;
  const bytes = sizePx * sizePx * 3;
  const stored = new Uint8Array((sizePx + 2 * contextPx) ** 2 * 3);
  const pixels = new Uint8Array(views.length * bytes);
  let inHand = -1;
  for (const [i, { patch, view }] of views.entries()) {
    if (patch !== inHand) await source.read(patch, stored);
    inHand = patch;
    const into = pixels.subarray(i * bytes, (i + 1) * bytes);
    augmentPatch(stored, sizePx, contextPx, viewOf(augment, seed, view, patch), into);
  }
  return pixels;
}
