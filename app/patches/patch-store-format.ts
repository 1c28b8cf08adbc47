/**
 * The packed patch store: raw patches one after another, cut once for a plan, nothing else in the file.
 *
 *     |<------------- sidePx ------------->|
 *     +------------------------------------+     patch i starts at byte i * bytesPerPatch and is
 *     |  contextPx  margin of real tissue  |     [sidePx, sidePx, rgb] uint8, row by row;
 *     |      +----------------------+      |     sidePx = sizePx + 2 contextPx
 *     |      |  sizePx: what is     |      |
 *     |      |  labelled and seen   |      |     The margin lets rotation and zoom look beyond
 *     |      +----------------------+      |     the patch, so that nothing has to be filled.
 *     +------------------------------------+
 */
import type { Augment } from '../core/recipe-augment.ts';
import type { RegionRequest } from '../core/slide.ts';

export interface PatchStoreShape {
  readonly count: number;
  readonly sizePx: number;
  readonly contextPx: number;
}

export interface PatchStoreLayout extends PatchStoreShape {
  readonly sidePx: number;
  readonly bytesPerPatch: number;
  readonly bytes: number;
}

export function patchStoreLayout({ count, sizePx, contextPx }: PatchStoreShape): PatchStoreLayout {
  const sidePx = sizePx + 2 * contextPx;
  const bytesPerPatch = sidePx * sidePx * 3;
  return { count, sizePx, contextPx, sidePx, bytesPerPatch, bytes: count * bytesPerPatch };
}

/** First byte of patch `index`. */
export function patchOffset(layout: PatchStoreLayout, index: number): number {
  if (!(Number.isInteger(index) && index >= 0 && index < layout.count)) {
    throw new RangeError(`Patch ${index} is not among the ${layout.count} of the store.`);
  }
  return index * layout.bytesPerPatch;
}

/** Margin in px that the augmentation can reach: the corner of a rotated patch, seen through the widest zoom; Keras' needs none. */
export function contextPxFor(sizePx: number, augment: Augment | null): number {
  if (augment === null || augment.kind === 'keras') return 0;
  const reach = (augment.rotate ? Math.SQRT2 : 1) / (1 - augment.zoom);
  return Math.ceil((sizePx * (reach - 1)) / 2);
}

/** What to read from a slide for the patch whose top-left corner is at level-0 `x`, `y`, margin included. */
export function patchRegion(
  { x, y }: { readonly x: number; readonly y: number },
  { sizePx, contextPx }: Pick<PatchStoreShape, 'sizePx' | 'contextPx'>,
  downsample: number,
): RegionRequest {
  const sidePx = sizePx + 2 * contextPx;
  return {
    x: x - contextPx * downsample,
    y: y - contextPx * downsample,
    widthPx: sidePx,
    heightPx: sidePx,
    downsample,
  };
}

/** The patch without its margin: [sidePx, sidePx, rgb] -> [sizePx, sizePx, rgb], written to `into` at `offset`. */
export function cropPatch(
  stored: Uint8Array,
  { sizePx, contextPx }: Pick<PatchStoreShape, 'sizePx' | 'contextPx'>,
  into: Uint8Array,
  offset = 0,
): void {
  const stored3 = (sizePx + 2 * contextPx) * 3;
  const size3 = sizePx * 3;
  for (let y = 0; y < sizePx; y++) {
    const from = (y + contextPx) * stored3 + contextPx * 3;
    into.set(stored.subarray(from, from + size3), offset + y * size3);
  }
}
