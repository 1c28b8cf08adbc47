/** Tensors that are handed on or cut out: without a copy where none is needed, fast where one is. */
import type * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js';
import { cut, type KernelTeam } from './kernels/kernel-team.ts';
import { type Kernel, pointer } from './wasm-heap.ts';

/** @param shipped the backend's own kernels, for other slices than a window of pictures, and other pieces than those of a list. */
export function copyKernels(
  engine: typeof tf,
  backend: BackendWasm,
  team: KernelTeam,
  shipped: ReadonlyMap<string, tf.KernelConfig>,
): Record<string, Kernel> {
  return {
    Identity: ({ x }) => {
      backend.incRef(x!.dataId); // no kernel writes into a tensor that it is given
      return { dataId: x!.dataId, shape: x!.shape, dtype: x!.dtype };
    },
    // The backend's own copies all of x for each piece.
    SplitV: (inputs, attrs) => {
      const x = inputs.x!;
      if (x.shape.length !== 1 || x.dtype !== 'float32') {
        return shipped
          .get('SplitV')!
          .kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend }) as tf.TensorInfo[];
      }
      const sizes = engine.backend_util.prepareSplitSize(x as tf.Tensor, attrs.numOrSizeSplits as number | number[]);
      let from = pointer(backend, x);
      return sizes.map((size) => {
        const out = backend.makeOutput([size], 'float32');
        backend.wasm.HEAPU8.copyWithin(pointer(backend, out), from, from + 4 * size);
        from += 4 * size;
        return out;
      });
    },
    // The gradient of padding: a window of each picture, all channels.
    Slice: (inputs, attrs) => {
      const x = inputs.x!;
      const [begin, size] = engine.slice_util.parseSliceParams(
        x as tf.Tensor,
        attrs.begin as number[],
        attrs.size as number[],
      ) as [number[], number[]];
      const whole = (axis: number): boolean => size[axis] === x.shape[axis];
      const window = x.shape.length === 4 && x.dtype === 'float32' && whole(0) && whole(3) && !size.includes(0);
      if (!window || size.some((length, axis) => begin[axis]! + length > x.shape[axis]!)) {
        return shipped.get('Slice')!.kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend }) as tf.TensorInfo;
      }
      const [batch, height, width, channels] = size as [number, number, number, number];
      const out = backend.makeOutput(size, 'float32');
      const [from, to] = [pointer(backend, x), pointer(backend, out)];
      const geometry = [x.shape[1]!, x.shape[2]!, channels, height, width, 1, 1, begin[1]!, begin[2]!] as const;
      team.run(
        'gatherTap',
        cut(batch * height, width * channels).map((range) => [from, to, channels, ...geometry, ...range]),
      );
      return out;
    },
  };
}
