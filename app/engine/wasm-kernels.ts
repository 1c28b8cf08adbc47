/**
 * Makes tfjs-backend-wasm 4.22 able to train. As shipped it
 *  - has no Conv2DBackpropFilter, DepthwiseConv2dNativeBackpropFilter and DepthwiseConv2dNativeBackpropInput,
 *  - gives wrong gradients for max pooling,
 *  - has slow code for the input gradient of a convolution, batch normalization and the gradients of relu and relu6.
 *
 * The kernels here replace these on the wasm backend alone; other backends keep their own.
 */
import type * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js';
import { EosinError } from '../core/errors.ts';
import {
  bindGradientModule,
  type DepthwiseGeometry,
  type GradientBinaries,
  type GradientModule,
  type WasmMemory,
} from './kernels/gradient-module.ts';
import { overrideWasmGradients } from './wasm-gradients.ts';

type Attributes = Record<string, unknown>;
type Inputs = Record<string, tf.TensorInfo>;
type Kernel = (inputs: Inputs, attributes: Attributes) => tf.TensorInfo | tf.TensorInfo[];

/** Kernels of ours that have no name in TensorFlow.js. */
export const RELU_GRADIENT = 'EosinReluGradient';
export const CLIP_GRADIENT = 'EosinClipGradient';
export const COLUMN_SUMS = 'EosinColumnSums';
export const SCALE_CHANNELS = 'EosinScaleChannels';

/** The package's own kernels: some of ours fall back on them, and a backend opened later sets them up again. */
const shippedKernels = new Map<string, tf.KernelConfig>();

/**
 * Registers the kernels and gradients on the active wasm backend. Once a backend; call it after `tf.setBackend('wasm')`.
 *
 * @param binaries what `scripts/build-kernels.ts` compiled.
 */
export async function installWasmKernels(engine: typeof tf, binaries: GradientBinaries): Promise<void> {
  const backend = engine.backend() as unknown as BackendWasm;
  const gradients = await bindGradientModule(binaries, heapMemory(backend));
  if (shippedKernels.size === 0) {
    for (const config of engine.getKernelsForBackend('wasm')) shippedKernels.set(config.kernelName, config);
  }
  const kernels: Record<string, Kernel> = {
    ...convolutionKernels(engine, backend, gradients, shippedKernels.get('Conv2DBackpropInput')!),
    ...depthwiseKernels(engine, backend, gradients),
    ...poolingKernels(engine, backend, gradients),
    ...pointwiseKernels(backend, gradients),
  };
  for (const [kernelName, run] of Object.entries(kernels)) {
    const setup = shippedKernels.get(kernelName)?.setupFunc;
    if (engine.getKernel(kernelName, 'wasm')) engine.unregisterKernel(kernelName, 'wasm');
    engine.registerKernel({
      kernelName,
      backendName: 'wasm',
      ...(setup === undefined ? {} : { setupFunc: setup }),
      kernelFunc: ({ inputs, attrs }) => run(inputs as Inputs, (attrs ?? {}) as Attributes),
    });
  }
  overrideWasmGradients(engine);
}

/** Emscripten's memory; its name depends on the build (threads or not). */
function heapMemory(backend: BackendWasm): WasmMemory {
  const module = backend.wasm as unknown as {
    wasmMemory?: WasmMemory;
    asm?: { memory?: WasmMemory };
  };
  const memory = module.wasmMemory ?? module.asm?.memory;
  if (memory === undefined) {
    throw new EosinError('engine/wasm-memory', 'config', 'The memory of the wasm backend cannot be reached.', {
      remedy: 'Eosin needs @tensorflow/tfjs-backend-wasm 4.22.0: run npm ci.',
    });
  }
  return memory;
}

/** Byte offset of a tensor on the heap. */
function pointer(backend: BackendWasm, tensor: tf.TensorInfo): number {
  return backend.dataIdMap.get(tensor.dataId).memoryOffset;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function convolutionKernels(
  engine: typeof tf,
  backend: BackendWasm,
  gradients: GradientModule,
  shippedInputGradient: tf.KernelConfig,
): Record<string, Kernel> {
  const at = (tensor: tf.TensorInfo): number => pointer(backend, tensor);
  const run = (name: string, inputs: Inputs, attrs: Attributes): tf.TensorInfo =>
    engine.getKernel(name, 'wasm')!.kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend }) as tf.TensorInfo;
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
    Conv2DBackpropFilter: (inputs, attrs) => {
      const [x, dy] = [inputs.x!, inputs.dy!];
      requireChannelsLast(attrs);
      const conv = describe(x.shape, attrs.filterShape as number[], attrs);
      const { filterHeight, filterWidth, inChannels, outChannels, strideHeight, strideWidth, padInfo } = conv;
      const rows = conv.batchSize * conv.outHeight * conv.outWidth;
      const gradient = backend.makeOutput([filterHeight, filterWidth, inChannels, outChannels], 'float32');
      if (filterHeight * filterWidth * strideHeight * strideWidth === 1 && rows === sizeOf(x.shape) / inChannels) {
        gradients.multiplyTransposed(at(x), at(dy), at(gradient), rows, inChannels, outChannels);
        return gradient;
      }
      const columns = backend.makeOutput([rows, inChannels], 'float32');
      for (let ky = 0; ky < filterHeight; ky++) {
        for (let kx = 0; kx < filterWidth; kx++) {
          gradients.gatherTap(
            at(x),
            at(columns),
            ...([conv.batchSize, conv.inHeight, conv.inWidth, inChannels] as const),
            ...([conv.outHeight, conv.outWidth] as const),
            ...([strideHeight, strideWidth] as const),
            ...([ky - padInfo.top, kx - padInfo.left] as const),
          );
          const tap = at(gradient) + (ky * filterWidth + kx) * inChannels * outChannels * 4;
          gradients.multiplyTransposed(at(columns), at(dy), tap, rows, inChannels, outChannels);
        }
      }
      backend.disposeData(columns.dataId);
      return gradient;
    },

    // With stride 1, dx is a convolution of dy with the filter turned around, which the backend's own XNNPACK does fast.
    Conv2DBackpropInput: (inputs, attrs) => {
      const [dy, filter] = [inputs.dy!, inputs.filter!];
      const conv = describe(attrs.inputShape as number[], filter.shape, attrs);
      const { filterHeight, filterWidth, padInfo } = conv;
      const pads = [
        filterHeight - 1 - padInfo.top,
        filterHeight - 1 - padInfo.bottom,
        filterWidth - 1 - padInfo.left,
        filterWidth - 1 - padInfo.right,
      ] as const;
      const strided = conv.strideHeight !== 1 || conv.strideWidth !== 1;
      if (strided || conv.dataFormat !== 'channelsLast' || Math.min(...pads) < 0) {
        const shipped = { inputs, attrs: attrs as tf.NamedAttrMap, backend };
        return shippedInputGradient.kernelFunc(shipped) as tf.TensorInfo;
      }
      const turned = filterHeight * filterWidth === 1 ? filter : run('Reverse', { x: filter }, { dims: [0, 1] });
      const transposed = run('Transpose', { x: turned }, { perm: [0, 1, 3, 2] }); // [kh, kw, cout, cin]
      const [top, bottom, left, right] = pads;
      const pad = [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ];
      const convAttrs = { strides: [1, 1], pad, dilations: [1, 1], dataFormat: 'NHWC' };
      const dx = run('Conv2D', { x: dy, filter: transposed }, convAttrs);
      if (turned !== filter) backend.disposeData(turned.dataId);
      backend.disposeData(transposed.dataId);
      return dx;
    },
  };
}

function depthwiseKernels(engine: typeof tf, backend: BackendWasm, gradients: GradientModule): Record<string, Kernel> {
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
      ...[conv.batchSize, conv.inHeight, conv.inWidth, conv.inChannels, filterShape[3]!],
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
      gradients.depthwiseFilterGradient(at(x), at(dy), at(gradient), ...geometry(x.shape, shape, attrs));
      return gradient;
    },
    DepthwiseConv2dNativeBackpropInput: (inputs, attrs) => {
      const [dy, filter] = [inputs.dy!, inputs.filter!];
      const shape = attrs.inputShape as number[];
      const dx = backend.makeOutput(shape, 'float32');
      gradients.depthwiseInputGradient(at(dy), at(filter), at(dx), ...geometry(shape, filter.shape, attrs));
      return dx;
    },
  };
}

function poolingKernels(engine: typeof tf, backend: BackendWasm, gradients: GradientModule): Record<string, Kernel> {
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
      gradients.maxPoolGradient(
        pointer(backend, x),
        pointer(backend, dy),
        pointer(backend, dx),
        ...([pool.batchSize, pool.inHeight, pool.inWidth, pool.inChannels] as const),
        ...([pool.outHeight, pool.outWidth] as const),
        ...([pool.filterHeight, pool.filterWidth] as const),
        ...([pool.strideHeight, pool.strideWidth] as const),
        ...([pool.padInfo.top, pool.padInfo.left] as const),
      );
      return dx;
    },
  };
}

function pointwiseKernels(backend: BackendWasm, gradients: GradientModule): Record<string, Kernel> {
  const at = (tensor: tf.TensorInfo): number => pointer(backend, tensor);
  const values = (tensor: tf.TensorInfo): Float32Array => backend.typedArrayFromHeap(tensor) as Float32Array;
  const affine = (x: tf.TensorInfo, factor: number, shift: number, channels: number): tf.TensorInfo => {
    const out = backend.makeOutput(x.shape, 'float32');
    gradients.affineRows(at(x), factor, shift, at(out), sizeOf(x.shape) / channels, channels);
    return out;
  };

  return {
    FusedBatchNorm: (inputs, attrs) => {
      const { x, mean, variance, offset, scale } = inputs;
      const channels = mean!.shape.at(-1)!;
      if (sizeOf(mean!.shape) !== channels) {
        throw new EosinError('engine/batch-norm-shape', 'internal', 'Batch normalization needs one mean a channel.', {
          remedy: 'Report this network: Eosin normalises over the last axis only.',
        });
      }
      const constants = backend.makeOutput([2, channels], 'float32'); // factor, shift
      const [c, m, v] = [values(constants), values(mean!), values(variance!)];
      const s = scale && values(scale);
      const o = offset && values(offset);
      for (let i = 0; i < channels; i++) {
        const factor = (s ? s[i]! : 1) / Math.sqrt(v[i]! + (attrs.varianceEpsilon as number));
        c[i] = factor;
        c[channels + i] = (o ? o[i]! : 0) - m[i]! * factor;
      }
      const out = affine(x!, at(constants), at(constants) + 4 * channels, channels);
      backend.disposeData(constants.dataId);
      return out;
    },
    [SCALE_CHANNELS]: (inputs) => {
      const [x, factor] = [inputs.x!, inputs.factor!];
      const channels = factor.shape[0]!;
      const zeros = backend.makeOutput([channels], 'float32');
      values(zeros).fill(0);
      const out = affine(x, at(factor), at(zeros), channels);
      backend.disposeData(zeros.dataId);
      return out;
    },
    [COLUMN_SUMS]: (inputs) => {
      const [a, b] = [inputs.a!, inputs.b!];
      const channels = a.shape.at(-1)!;
      const sums = backend.makeOutput([channels], 'float32');
      const products = backend.makeOutput([channels], 'float32');
      const totals = backend.makeOutput([4 * channels], 'float32'); // room for float64
      const rows = sizeOf(a.shape) / channels;
      gradients.columnSums(at(a), at(b), at(sums), at(products), at(totals), rows, channels);
      backend.disposeData(totals.dataId);
      return [sums, products];
    },
    [RELU_GRADIENT]: (inputs, attrs) => {
      const [x, dy] = [inputs.x!, inputs.dy!];
      const dx = backend.makeOutput(x.shape, 'float32');
      gradients.reluGradient(at(x), at(dy), at(dx), sizeOf(x.shape), attrs.cap as number);
      return dx;
    },
    [CLIP_GRADIENT]: (inputs, attrs) => {
      const [x, dy] = [inputs.x!, inputs.dy!];
      const dx = backend.makeOutput(x.shape, 'float32');
      const [low, high] = [attrs.low as number, attrs.high as number];
      gradients.clipGradient(at(x), at(dy), at(dx), sizeOf(x.shape), low, high);
      return dx;
    },
  };
}

function requireNoDilation(attrs: Attributes): void {
  if (attrs.dilations === undefined || [attrs.dilations].flat().every((rate) => rate === 1)) return;
  throw new EosinError('engine/dilation', 'internal', 'Dilated depthwise convolutions cannot learn.', {
    remedy: 'Freeze the layer groups that dilate, or use another backbone.',
    fields: { dilations: String(attrs.dilations) },
  });
}

function requireChannelsLast(attrs: Attributes): void {
  if (attrs.dataFormat === undefined || attrs.dataFormat === 'NHWC') return;
  throw new EosinError('engine/channels-first', 'internal', 'The wasm engine trains NHWC convolutions only.', {
    remedy: "Export the network with data format 'channels_last'.",
    fields: { dataFormat: String(attrs.dataFormat) },
  });
}
