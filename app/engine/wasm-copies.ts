/** Tensors that are handed on or cut out: without a copy where none is needed, fast where one is. */
import type * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js';
import { cut, type KernelTeam } from './kernels/kernel-team.ts';
import { type Attributes, type Inputs, type Kernel, pointer } from './wasm-heap.ts';

/** @param shipped the backend's own kernels, for what is no window of pictures and no list. */
export function copyKernels(
  engine: typeof tf,
  backend: BackendWasm,
  team: KernelTeam,
  shipped: ReadonlyMap<string, tf.KernelConfig>,
): Record<string, Kernel> {
  /** A window of each picture, all channels: what lies outside of `x` [batch, height, width, channels] is zero. */
  const window = (x: tf.TensorInfo, height: number, width: number, top: number, left: number): tf.TensorInfo => {
    const [batch, xHeight, xWidth, channels] = x.shape as [number, number, number, number];
    const out = backend.makeOutput([batch, height, width, channels], 'float32');
    const [from, to] = [pointer(backend, x), pointer(backend, out)];
    const geometry = [xHeight, xWidth, channels, height, width, 1, 1, top, left] as const;
    team.run(
      'gatherTap',
      cut(batch * height, width * channels).map((range) => [from, to, channels, ...geometry, ...range]),
    );
    return out;
  };
  const shippedKernel = (name: string, inputs: Inputs, attrs: Attributes): tf.TensorInfo | tf.TensorInfo[] =>
    shipped.get(name)!.kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend }) as
      | tf.TensorInfo
      | tf.TensorInfo[];

  return {
    Identity: ({ x }) => {
      backend.incRef(x!.dataId); // no kernel writes into a tensor that it is given
      return { dataId: x!.dataId, shape: x!.shape, dtype: x!.dtype };
    },
    // The backend's own copies all of x for each piece.
    SplitV: (inputs, attrs) => {
      const x = inputs.x!;
      if (x.shape.length !== 1 || x.dtype !== 'float32') return shippedKernel('SplitV', inputs, attrs);
      const sizes = engine.backend_util.prepareSplitSize(x as tf.Tensor, attrs.numOrSizeSplits as number | number[]);
      let from = pointer(backend, x);
      return sizes.map((size) => {
        const out = backend.makeOutput([size], 'float32');
        backend.wasm.HEAPU8.copyWithin(pointer(backend, out), from, from + 4 * size);
        from += 4 * size;
        return out;
      });
    },
    PadV2: (inputs, attrs) => {
      const x = inputs.x!;
      const pads = attrs.paddings as [number, number][];
      const [batch, rows, columns, channels] = pads.map(([before, after]) => before + after);
      if (x.shape.length !== 4 || x.dtype !== 'float32' || batch || channels || attrs.constantValue !== 0) {
        return shippedKernel('PadV2', inputs, attrs);
      }
      return window(x, x.shape[1]! + rows!, x.shape[2]! + columns!, -pads[1]![0], -pads[2]![0]);
    },
    // The gradient of padding.
    Slice: (inputs, attrs) => {
      const x = inputs.x!;
      const [begin, size] = engine.slice_util.parseSliceParams(
        x as tf.Tensor,
        attrs.begin as number[],
        attrs.size as number[],
      ) as [number[], number[]];
      const whole = (axis: number): boolean => size[axis] === x.shape[axis];
      const ofPictures = x.shape.length === 4 && x.dtype === 'float32' && whole(0) && whole(3) && !size.includes(0);
      if (!ofPictures || size.some((length, axis) => begin[axis]! + length > x.shape[axis]!)) {
        return shippedKernel('Slice', inputs, attrs);
      }
      return window(x, size[1]!, size[2]!, begin[1]!, begin[2]!);
    },
  };
}
