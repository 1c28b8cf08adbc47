/** The gradients of a convolution out of matrix products and convolutions, which the WebGPU backend does fast. */
import type * as tf from '@tensorflow/tfjs';
import { sumParts } from './webgpu-sum-parts.ts';

/** A product of fewer tiles of 32 x 32 numbers than this leaves most of a GPU idle. */
const fewTiles = 16;
/** Fewer input channels than this and all taps of a filter go into one product. */
const fewChannels = 16;

type Shape = [number, number, number, number];
interface Settings {
  readonly strides: [number, number];
  readonly pad: 'same' | 'valid';
  readonly dimRoundingMode?: 'floor';
}

function describe(engine: typeof tf, xShape: Shape, filterShape: Shape, { strides, pad, dimRoundingMode }: Settings) {
  return engine.backend_util.computeConv2DInfo(xShape, filterShape, strides, 1, pad, dimRoundingMode);
}

/** `Conv2DBackpropFilter`: x [n, h, w, cin] and dy [n, oh, ow, cout] to [kh, kw, cin, cout]. */
export function convolutionFilterGradient(engine: typeof tf): tf.KernelFunc {
  return ({ inputs, attrs }) => {
    const [x, dy] = [inputs.x, inputs.dy] as [tf.Tensor4D, tf.Tensor4D];
    const { filterShape } = attrs as unknown as { filterShape: Shape };
    const conv = describe(engine, x.shape, filterShape, attrs as unknown as Settings);
    const { filterHeight, filterWidth, strideHeight, strideWidth, outHeight, outWidth, padInfo } = conv;
    const { top, bottom, left, right } = padInfo;
    return engine.tidy(() => {
      const padded: tf.Tensor4D = top + bottom + left + right === 0 ? x : x.pad([[0, 0], [top, bottom], [left, right], [0, 0]]); // biome-ignore format: one line
      const taps: tf.Tensor4D[] = [];
      for (let ky = 0; ky < filterHeight; ky++) {
        for (let kx = 0; kx < filterWidth; kx++) {
          const end = [ky + (outHeight - 1) * strideHeight + 1, kx + (outWidth - 1) * strideWidth + 1];
          taps.push(
            padded.stridedSlice(
              [0, ky, kx, 0],
              [conv.batchSize, ...end, conv.inChannels],
              [1, strideHeight, strideWidth, 1],
            ) as tf.Tensor4D,
          );
        }
      }
      if (conv.inChannels < fewChannels) return product(engine, engine.concat(taps, 3), dy).reshape(filterShape);
      return engine.stack(taps.map((tap) => product(engine, tap, dy))).reshape(filterShape);
    });
  };
}

/** Of the channels of x and dy over all pixels: [n, h, w, a] and [n, h, w, b] to [a, b]. */
function product(engine: typeof tf, x: tf.Tensor4D, dy: tf.Tensor4D): tf.Tensor {
  const [pictures, height, width, outputs] = dy.shape;
  const inputs = x.shape[3];
  const isLarge = Math.ceil(inputs / 32) * Math.ceil(outputs / 32) > fewTiles;
  // A small product of many pixels: one for each picture, or each line of a single one, and their sum.
  const parts = isLarge ? 1 : pictures > 1 ? pictures : height;
  const pixels = (pictures * height * width) / parts;
  const partial = engine.matMul(x.reshape([parts, pixels, inputs]), dy.reshape([parts, pixels, outputs]), true);
  return parts === 1 ? partial.reshape([inputs, outputs]) : sumParts(engine, partial, [inputs, outputs]);
}

/** `Conv2DBackpropInput`: dy [n, oh, ow, cout] and the filter [kh, kw, cin, cout] to [n, h, w, cin]. */
export function convolutionInputGradient(engine: typeof tf, shipped: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    const [dy, filter] = [call.inputs.dy, call.inputs.filter] as [tf.Tensor4D, tf.Tensor4D];
    const { inputShape } = call.attrs as unknown as { inputShape: Shape };
    const conv = describe(engine, inputShape, filter.shape, call.attrs as unknown as Settings);
    const { filterHeight, filterWidth, padInfo } = conv;
    const [top, left] = [filterHeight - 1 - padInfo.top, filterWidth - 1 - padInfo.left];
    const [bottom, right] = [filterHeight - 1 - padInfo.bottom, filterWidth - 1 - padInfo.right];
    if (conv.strideHeight * conv.strideWidth !== 1 || Math.min(top, left, bottom, right) < 0) return shipped(call);
    return engine.tidy(() => {
      const [rows, inputs, outputs] = [dy.size / conv.outChannels, conv.inChannels, conv.outChannels];
      if (filterHeight * filterWidth === 1) {
        return engine
          .matMul(dy.reshape([rows, outputs]), filter.reshape([inputs, outputs]), false, true)
          .reshape(inputShape);
      }
      // A convolution of dy with the filter turned around.
      const turned = filter.reverse([0, 1]).transpose<tf.Tensor4D>([0, 1, 3, 2]);
      return engine.conv2d(dy, turned, 1, [[0, 0], [top, bottom], [left, right], [0, 0]] as unknown as 'valid'); // biome-ignore format: one line
    });
  };
}
