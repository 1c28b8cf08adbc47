/** The gradient of a convolution's filter, out of operations that the WebGPU backend does fast. */
import type * as tf from '@tensorflow/tfjs';

/** Fewer products than this many tiles of 32 x 32 numbers leave a GPU idle, and the backend would then add up in any order. */
const fewTiles = 16;

/** `Conv2DBackpropFilter`: x [n, h, w, cin] and dy [n, oh, ow, cout] to [kh, kw, cin, cout]. */
export function convolutionFilterGradient(engine: typeof tf): tf.KernelFunc {
  return ({ inputs, attrs }) => {
    const [x, dy] = [inputs.x, inputs.dy] as [tf.Tensor4D, tf.Tensor4D];
    const settings = attrs as unknown as { filterShape: Shape; strides: [number, number]; pad: 'same' | 'valid' };
    const [height, width] = settings.filterShape;
    const { strideHeight, strideWidth, padInfo } = engine.backend_util.computeConv2DInfo(
      x.shape,
      settings.filterShape,
      settings.strides,
      1,
      settings.pad,
    );
    return engine.tidy(() => {
      if (height * width > 1) {
        return spatial(engine, x, dy, settings.filterShape, [strideHeight, strideWidth], [padInfo.top, padInfo.left]);
      }
      const read =
        strideHeight * strideWidth === 1
          ? x
          : engine.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, strideHeight, strideWidth, 1]);
      return pointwise(engine, read as tf.Tensor4D, dy).reshape(settings.filterShape);
    });
  };
}

type Shape = [number, number, number, number];

/** One tap: the product of all pixels' inputs with their gradients. */
function pointwise(engine: typeof tf, x: tf.Tensor4D, dy: tf.Tensor4D): tf.Tensor {
  const [pictures, height, width, outputs] = dy.shape;
  const inputs = x.shape[3];
  if (Math.ceil(inputs / 32) * Math.ceil(outputs / 32) > fewTiles) {
    return engine.matMul(x.reshape([-1, inputs]), dy.reshape([-1, outputs]), true);
  }
  // A small product of many pixels: one product for each picture, or each line of a single one, and their sum.
  const parts = pictures > 1 ? pictures : Math.max(2, height);
  const pixels = (pictures * height * width) / parts;
  if (!Number.isInteger(pixels)) return engine.matMul(x.reshape([-1, inputs]), dy.reshape([-1, outputs]), true);
  return engine.matMul(x.reshape([parts, pixels, inputs]), dy.reshape([parts, pixels, outputs]), true).sum(0);
}

/**
 * Several taps: the same sums are those of a convolution of x, with pictures for channels and channels for pictures, by a
 * filter as large as dy whose pixels lie a stride apart.
 */
function spatial(
  engine: typeof tf,
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  [height, width]: Shape,
  stride: [number, number],
  [top, left]: [number, number],
): tf.Tensor {
  const [, outHeight, outWidth] = dy.shape;
  // Rows that the forward pass read, the last ones beyond the map; what it left over is cut off.
  const rows = (outHeight - 1) * stride[0] + height;
  const columns = (outWidth - 1) * stride[1] + width;
  const [, mapHeight, mapWidth] = x.shape;
  const [below, beside] = [rows - top - mapHeight, columns - left - mapWidth];
  const read =
    Math.min(below, beside) < 0
      ? x.slice([0, 0, 0, 0], [-1, Math.min(mapHeight, rows - top), Math.min(mapWidth, columns - left), -1])
      : x;
  const pads: [number, number][] = [
    [0, 0],
    [top, Math.max(0, below)],
    [left, Math.max(0, beside)],
    [0, 0],
  ];
  const turned = read.transpose<tf.Tensor4D>([3, 1, 2, 0]);
  const filter = dy.transpose<tf.Tensor4D>([1, 2, 0, 3]);
  return engine
    .conv2d(turned, filter, 1, pads as unknown as 'valid', 'NHWC', stride) // [cin, kh, kw, cout]
    .transpose([1, 2, 0, 3]);
}
