/** A patch with its margin of context -> the pixels of one view. Pure: bytes in, bytes out. */
import { blur } from './blur.ts';
import { kerasAffine } from './keras-affine.ts';
import { resample } from './resample.ts';
import { jitterStain } from './stain-jitter.ts';
import type { View } from './view.ts';

/**
 * Writes view `view` of `source` [sizePx + 2 contextPx, same, rgb] into `into` [sizePx, sizePx, rgb]; uint8, `source` unchanged.
 * For tissue: geometry first (one resampling), then stain and brightness, then focus: the order in which a scanner meets them.
 */
export function augmentPatch(
  source: Uint8Array,
  sizePx: number,
  contextPx: number,
  view: View,
  into: Uint8Array,
): void {
  if (view.kind === 'keras') {
    kerasAffine(source, sizePx, contextPx, view, into);
    return;
  }
  resample(source, sizePx, contextPx, view, into);
  jitterStain(into, view);
  blur(into, sizePx, view.blurPx);
}
