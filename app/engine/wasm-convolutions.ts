/** Gradients of convolutions, depthwise convolutions and max pooling on the wasm backend. */
import type * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js';
import { EosinError } from '../core/errors.ts';
import type { DepthwiseGeometry } from './kernels/gradient-module.ts';
import { cut, type KernelTeam } from './kernels/kernel-team.ts';
import { requireNoDilation } from './no-dilation.ts';
import { type Attributes, type Inputs, type Kernel, pointer, sizeOf } from './wasm-heap.ts';
import { pixelConvolution, pixelProducts } from './wasm-products.ts';

/** Fewer input channels than this and a convolution's filter gradient is one product. */
const fewChannels = 16;

/** @param shipped the backend's own kernels, for convolutions that ours do not fit. */
export function convolutionKernels(
  engine: typeof tf,
  backend: BackendWasm,
  team: KernelTeam,
  shipped: ReadonlyMap<string, tf.KernelConfig>,
): Record<string, Kernel> {
  const at = (tensor: tf.TensorInfo): number => pointer(backend, tensor);
  const run = (name: string, inputs: Inputs, attrs: Attributes): tf.TensorInfo =>
    engine.getKernel(name, 'wasm')!.kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend }) as tf.TensorInfo;
  const multiplyPixels = pixelProducts(backend, team);
  /** The taps of a filter in reverse order. */
  const turnAround = (filter: tf.TensorInfo): tf.TensorInfo => {
    const out = backend.makeOutput(filter.shape, 'float32');
    const [from, to] = [filter, out].map((tensor) => backend.typedArrayFromHeap(tensor) as Float32Array);
    const tap = filter.shape[2]! * filter.shape[3]!;
    for (let i = 0; i < from!.length; i += tap) to!.set(from!.subarray(i, i + tap), from!.length - tap - i);
    return out;
  };
  const describe = (xShape: number[], filterShape: number[], attrs: Attributes) =>
    engine.backend_util.computeConv2DInfo(
      xShape as [number, number, number, number],
      filterShape as [number, number, number, number],
      attrs.strides as [number, number],
      1,
      attrs.pad as 'same',
      attrs.dimRoundingMode as 'floor',
      false,
      engine.backend_util.convertConv2DDataFormat(attrs.dataFormat as 'NHWC'),
    );

  return {
    Conv2D: pixelConvolution(backend, multiplyPixels, shipped.get('Conv2D')!),
    Conv2DBackpropFilter: (inputs, attrs) => {
      const [x, dy] = [inputs.x!, inputs.dy!];
      requireChannelsLast(attrs);
      const conv = describe(x.shape, attrs.filterShape as number[], attrs);
      const { filterHeight, filterWidth, inChannels, outChannels, strideHeight, strideWidth, padInfo } = conv;
      const lines = conv.batchSize * conv.outHeight;
      const rows = lines * conv.outWidth;
      const gradient = backend.makeOutput([filterHeight, filterWidth, inChannels, outChannels], 'float32');
      const multiply = (left: number, out: number, m: number): void => {
        team.run(
          'multiplyTransposed',
          cut(m, rows * outChannels, 4).map((range) => [left, at(dy), out, rows, m, outChannels, ...range]),
        );
      };
      if (filterHeight * filterWidth * strideHeight * strideWidth === 1 && rows === sizeOf(x.shape) / inChannels) {
        multiply(at(x), at(gradient), inChannels);
        return gradient;
      }
      // A few channels fill no register tile: all taps go into one product then.
      const together = inChannels < fewChannels;
      const rowLength = together ? filterHeight * filterWidth * inChannels : inChannels;
      const columns = backend.makeOutput([rows, rowLength], 'float32');
      for (let ky = 0; ky < filterHeight; ky++) {
        for (let kx = 0; kx < filterWidth; kx++) {
          const before = (ky * filterWidth + kx) * inChannels;
          const into = at(columns) + (together ? 4 * before : 0);
          const geometry = [
            ...([rowLength, conv.inHeight, conv.inWidth, inChannels] as const),
            ...([conv.outHeight, conv.outWidth] as const),
            ...([strideHeight, strideWidth] as const),
            ...([ky - padInfo.top, kx - padInfo.left] as const),
          ] as const;
          team.run(
            'gatherTap',
            cut(lines, conv.outWidth * inChannels).map((range) => [at(x), into, ...geometry, ...range]),
          );
          if (!together) multiply(at(columns), at(gradient) + 4 * before * outChannels, inChannels);
        }
      }
      if (together) multiply(at(columns), at(gradient), rowLength);
      backend.disposeData(columns.dataId);
      return gradient;
    },

    // dx is a convolution of dy, its pixels a stride apart, with the filter turned around: the backend's own XNNPACK does it fast;
    // of single pixels it is a product.
    Conv2DBackpropInput: (inputs, attrs) => {
      const [dy, filter] = [inputs.dy!, inputs.filter!];
      const conv = describe(attrs.inputShape as number[], filter.shape, attrs);
      const { batchSize, inHeight, inWidth, filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = conv;
      const strided = strideHeight * strideWidth !== 1;
      const height = (conv.outHeight - 1) * strideHeight + 1;
      const width = (conv.outWidth - 1) * strideWidth + 1;
      const [top, left] = [filterHeight - 1 - padInfo.top, filterWidth - 1 - padInfo.left];
      const [bottom, right] = [inHeight - height + padInfo.top, inWidth - width + padInfo.left];
      if (conv.dataFormat !== 'channelsLast' || Math.min(top, left, bottom, right) < 0) {
        const { kernelFunc } = shipped.get('Conv2DBackpropInput')!;
        return kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend }) as tf.TensorInfo;
      }
      const spread = (x: tf.TensorInfo, outHeight: number, outWidth: number): tf.TensorInfo => {
        const [, h, w, channels] = x.shape as [number, number, number, number];
        const out = backend.makeOutput([batchSize, outHeight, outWidth, channels], 'float32');
        const geometry = [h, w, channels, outHeight, outWidth, strideHeight, strideWidth] as const;
        team.run(
          'spreadPixels',
          cut(batchSize * outHeight, outWidth * channels).map((range) => [at(x), at(out), ...geometry, ...range]),
        );
        return out;
      };
      const drop = (tensor: tf.TensorInfo, kept: tf.TensorInfo): void => {
        if (tensor !== kept) backend.disposeData(tensor.dataId);
      };

      if (filterHeight * filterWidth === 1) {
        const close = multiplyPixels(dy, filter, true); // a small product first
        const dx = strided ? spread(close, inHeight, inWidth) : close;
        drop(close, dx);
        return dx;
      }
      const turned = turnAround(filter);
      const transposed = run('Transpose', { x: turned }, { perm: [0, 1, 3, 2] }); // [kh, kw, cout, cin]
      const apart = strided ? spread(dy, height, width) : dy;
      const pad = [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ];
      const convAttrs = { strides: [1, 1], pad, dilations: [1, 1], dataFormat: 'NHWC' };
      const dx = run('Conv2D', { x: apart, filter: transposed }, convAttrs);
      drop(turned, filter);
      drop(transposed, filter);
      drop(apart, dy);
      return dx;
    },
  };
}

export function depthwiseKernels(engine: typeof tf, backend: BackendWasm, team: KernelTeam): Record<string, Kernel> {
  const at = (tensor: tf.TensorInfo): number => pointer(backend, tensor);
  const geometry = (xShape: number[], filterShape: number[], attrs: Attributes) => {
    requireNoDilation(attrs);
    const conv = engine.backend_util.computeConv2DInfo(
      xShape as [number, number, number, number],
      filterShape as [number, number, number, number],
      attrs.strides as [number, number],
      1,
      attrs.pad as 'same',
      attrs.dimRoundingMode as 'floor',
      true,
    );
    return [
      ...[conv.inHeight, conv.inWidth, conv.inChannels, filterShape[3]!],
      ...[conv.outHeight, conv.outWidth],
      ...[conv.filterHeight, conv.filterWidth],
      ...[conv.strideHeight, conv.strideWidth],
      ...[conv.padInfo.top, conv.padInfo.left],
    ] as unknown as DepthwiseGeometry;
  };

  return {
    DepthwiseConv2dNativeBackpropFilter: (inputs, attrs) => {
      const [x, dy] = [inputs.x!, inputs.dy!];
      const shape = attrs.filterShape as number[];
      const gradient = backend.makeOutput(shape, 'float32');
      const conv = geometry(x.shape, shape, attrs);
      const [channels, taps] = [shape[2]!, shape[0]! * shape[1]!];
      const ranges = cut(channels, (sizeOf(dy.shape) / channels) * taps, 16); // 16 channels share a cache line
      team.run(
        'depthwiseFilterGradient',
        ranges.map((range) => [at(x), at(dy), at(gradient), x.shape[0]!, ...conv, ...range]),
      );
      return gradient;
    },
    DepthwiseConv2dNativeBackpropInput: (inputs, attrs) => {
      const [dy, filter] = [inputs.dy!, inputs.filter!];
      const shape = attrs.inputShape as number[];
      const dx = backend.makeOutput(shape, 'float32');
      const conv = geometry(shape, filter.shape, attrs);
      const [batch, height, width, channels] = shape as [number, number, number, number];
      team.run(
        'depthwiseInputGradient',
        cut(batch * height, width * channels * 4).map((range) => [at(dy), at(filter), at(dx), ...conv, ...range]),
      );
      return dx;
    },
  };
}

export function poolingKernels(engine: typeof tf, backend: BackendWasm, team: KernelTeam): Record<string, Kernel> {
  return {
    MaxPoolGrad: (inputs, attrs) => {
      const [dy, x] = [inputs.dy!, inputs.input!];
      const pool = engine.backend_util.computePool2DInfo(
        x.shape as [number, number, number, number],
        attrs.filterSize as [number, number],
        attrs.strides as [number, number],
        1,
        attrs.pad as 'same',
        attrs.dimRoundingMode as 'floor',
      );
      const dx = backend.makeOutput(x.shape, 'float32');
      const picture = (tensor: tf.TensorInfo, number: number): number =>
        pointer(backend, tensor) + ((4 * sizeOf(tensor.shape)) / pool.batchSize) * number;
      team.run(
        'maxPoolGradient',
        cut(pool.batchSize, sizeOf(dy.shape) / pool.batchSize).map(([from, end]) => [
          ...([picture(x, from), picture(dy, from), picture(dx, from)] as const),
          ...([end - from, pool.inHeight, pool.inWidth, pool.inChannels] as const),
          ...([pool.outHeight, pool.outWidth] as const),
          ...([pool.filterHeight, pool.filterWidth] as const),
          ...([pool.strideHeight, pool.strideWidth] as const),
          ...([pool.padInfo.top, pool.padInfo.left] as const),
        ]),
      );
      return dx;
    },
  };
}

function requireChannelsLast(attrs: Attributes): void {
  if (attrs.dataFormat === undefined || attrs.dataFormat === 'NHWC') return;
  throw new EosinError('engine/channels-first', 'internal', 'The wasm engine trains NHWC convolutions only.', {
    remedy: "Export the network with data format 'channels_last'.",
    fields: { dataFormat: String(attrs.dataFormat) },
  });
}
