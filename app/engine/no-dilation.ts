/** What no engine of ours learns: a depthwise convolution with holes, whose gradients TensorFlow.js gets wrong. */
import { EosinError } from '../core/errors.ts';

/** @throws EosinError `engine/dilation` where a kernel's attributes ask for holes. */
export function requireNoDilation(attrs: { readonly dilations?: unknown } | undefined): void {
  const dilations = attrs?.dilations;
  if (dilations === undefined || [dilations].flat().every((rate) => rate === 1)) return;
  throw new EosinError('engine/dilation', 'internal', 'Dilated depthwise convolutions cannot learn.', {
    remedy: 'Freeze the layer groups that dilate, or use another backbone.',
    fields: { dilations: String(dilations) },
  });
}
