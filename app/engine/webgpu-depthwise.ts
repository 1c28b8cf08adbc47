/** The gradient of a depthwise convolution's filter on WebGPU: partial sums over some lines of one picture each, then their sum. */
import type * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { requireNoDilation } from './no-dilation.ts';
import { flatProgram, sumParts, type WebGpuProgram } from './webgpu-sum-parts.ts';

/** Lines of dy that one thread adds up. */
const lines = 8;

/** `DepthwiseConv2dNativeBackpropFilter`: x [n, h, w, c] and dy [n, oh, ow, c * q] to [kh, kw, c, q]. */
export function depthwiseFilterGradient(engine: typeof tf): tf.KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const [x, dy] = [inputs.x, inputs.dy] as [tf.Tensor4D, tf.Tensor4D];
    requireNoDilation(attrs);
    const { filterShape, strides, pad } = attrs as unknown as {
      filterShape: [number, number, number, number];
      strides: [number, number];
      pad: 'same' | 'valid';
    };
    const conv = engine.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, undefined, true);
    const blocks = Math.ceil(conv.outHeight / lines);
    const uniforms = [
      [blocks],
      [conv.filterHeight, conv.filterWidth],
      [conv.strideHeight, conv.strideWidth],
      [conv.padInfo.top, conv.padInfo.left],
      [conv.outHeight, conv.outWidth],
      [conv.inHeight, conv.inWidth],
      [conv.inChannels, conv.outChannels],
    ].map((data) => ({ type: 'int32', data }));
    return engine.tidy(() => {
      const program = partialSums(conv.batchSize * blocks, filterShape);
      const parts = (backend as unknown as WebGPUBackend).runWebGPUProgram(program, [x, dy], 'float32', uniforms);
      return sumParts(engine, engine.engine().makeTensorFromTensorInfo(parts), filterShape);
    });
  };
}

/** One thread for each part and number of the filter; neighbours read neighbouring channels. */
function partialSums(parts: number, filterShape: readonly number[]): WebGpuProgram {
  const numbers = filterShape.reduce((product, size) => product * size, 1);
  return {
    ...flatProgram([parts, numbers]),
    variableNames: ['x', 'dy'],
    uniforms:
      'blocks : i32, taps : vec2<i32>, stride : vec2<i32>, pads : vec2<i32>, outSize : vec2<i32>, inSize : vec2<i32>, channels : vec2<i32>,',
    shaderKey: 'eosinDepthwiseFilterGradient',
    getUserCode: () => `
      fn main(index : i32) {
        if (index >= uniforms.size) { return; }
        let outputs = uniforms.channels.y;
        let channel = index % outputs;
        let input = channel / (outputs / uniforms.channels.x);
        let tap = (index / outputs) % (uniforms.taps.x * uniforms.taps.y);
        let part = index / (outputs * uniforms.taps.x * uniforms.taps.y);
        let ky = tap / uniforms.taps.y - uniforms.pads.x;
        let kx = tap % uniforms.taps.y - uniforms.pads.y;
        let picture = part / uniforms.blocks;
        let first = (part % uniforms.blocks) * ${lines};
        var sum = 0.0;
        for (var row = first; row < min(first + ${lines}, uniforms.outSize.x); row++) {
          let y = row * uniforms.stride.x + ky;
          if (y < 0 || y >= uniforms.inSize.x) { continue; }
          for (var column = 0; column < uniforms.outSize.y; column++) {
            let inColumn = column * uniforms.stride.y + kx;
            if (inColumn < 0 || inColumn >= uniforms.inSize.y) { continue; }
            sum += x[((picture * uniforms.inSize.x + y) * uniforms.inSize.y + inColumn) * uniforms.channels.x + input]
              * dy[((picture * uniforms.outSize.x + row) * uniforms.outSize.y + column) * outputs + channel];
          }
        }
        result[index] = sum;
      }`,
  };
}
