/**
 * How well a patch is in focus: 1 minus the perceptual blur of Crete et al. (The blur effect, SPIE 6492, 2007). The patch is blurred
 * once more; what was sharp loses its edges, what was blurred already hardly changes. The measure compares a patch with itself, so
 * that deep and pale stain, dense and loose tissue, and a border of glass are judged alike.
 *
 *     blur along an axis = 1 - sum(max(0, |S f| - |S b f|)) / sum |S f|      S: Sobel, b: mean of 11 px along the axis
 *
 * Equal to 1 - scikit-image's `measure.blur_effect`. In the same scale of a model a sharp patch has about 0.6, one that a Gaussian
 * of 2 px has blurred about 0.3 (test/patches/focus.test.ts).
 */
const window = 11;
/** The border where a Sobel filter has no neighbours, as scikit-image leaves it out. */
const [first, beforeLast] = [2, 1];

/** Of a square patch [sidePx, sidePx, rgb] with `marginPx` around it that is not judged. 1 where nothing can be in focus. */
export function focusOf(rgb: Uint8Array, sidePx: number, marginPx = 0): number {
  const side = sidePx - 2 * marginPx;
  if (side <= first + beforeLast) return 1;
  const grey = greyOf(rgb, sidePx, marginPx, side);
  const blur = Math.max(blurAlong(grey, side, 1, side), blurAlong(grey, side, side, 1));
  return Math.min(1, Math.max(0, 1 - blur));
}

/** Luminance of linear primaries, ITU-R BT.709, as scikit-image weighs them. */
function greyOf(rgb: Uint8Array, sidePx: number, marginPx: number, side: number): Float32Array {
  const grey = new Float32Array(side * side);
  for (let y = 0, to = 0; y < side; y++) {
    let from = ((y + marginPx) * sidePx + marginPx) * 3;
    for (let x = 0; x < side; x++, from += 3)
      grey[to++] = 0.2125 * rgb[from]! + 0.7154 * rgb[from + 1]! + 0.0721 * rgb[from + 2]!;
  }
  return grey;
}

/** `along` and `across` are the strides of the two axes. 0 where there is no edge at all. */
function blurAlong(grey: Float32Array, side: number, along: number, across: number): number {
  const smooth = boxed(grey, side, along, across);
  let edges = 0;
  let lost = 0;
  for (let j = first; j < side - beforeLast; j++) {
    for (let i = first; i < side - beforeLast; i++) {
      const at = j * across + i * along;
      const before = Math.abs(sobel(grey, at, along, across));
      edges += before;
      lost += Math.max(0, before - Math.abs(sobel(smooth, at, along, across)));
    }
  }
  return edges === 0 ? 0 : (edges - lost) / edges;
}

function sobel(values: Float32Array, at: number, along: number, across: number): number {
  const step = (place: number): number => values[place + along]! - values[place - along]!;
  return step(at - across) + 2 * step(at) + step(at + across);
}

/** Running mean along one axis; beyond the border the picture is mirrored. */
function boxed(values: Float32Array, side: number, along: number, across: number): Float32Array {
  const out = new Float32Array(values.length);
  const reach = (window - 1) / 2;
  const mirrored = (i: number): number => {
    const wrapped = ((i % (2 * side)) + 2 * side) % (2 * side);
    return wrapped < side ? wrapped : 2 * side - 1 - wrapped;
  };
  for (let line = 0; line < side; line++) {
    const start = line * across;
    let sum = 0;
    for (let i = -reach; i <= reach; i++) sum += values[start + mirrored(i) * along]!;
    for (let i = 0; i < side; i++) {
      out[start + i * along] = sum / window;
      sum += values[start + mirrored(i + reach + 1) * along]! - values[start + mirrored(i - reach) * along]!;
    }
  }
  return out;
}
