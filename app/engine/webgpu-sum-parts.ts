/**
 * The sum of partial sums on WebGPU, one thread a number. The backend's own sum takes a whole group of threads for each, which
 * pays for long columns only.
 */
import type * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

export type WebGpuProgram = Parameters<WebGPUBackend['runWebGPUProgram']>[0];

const groupSize = 64;

/** What programs with one thread for each number they put out have in common. */
export function flatProgram(
  outputShape: number[],
): Pick<WebGpuProgram, 'outputShape' | 'workgroupSize' | 'dispatchLayout' | 'dispatch' | 'size'> {
  const count = outputShape.reduce((product, size) => product * size, 1);
  return {
    outputShape,
    workgroupSize: [groupSize, 1, 1],
    dispatchLayout: { x: outputShape.map((_, i) => i) },
    dispatch: [Math.ceil(count / groupSize), 1, 1],
    size: true,
  };
}

/** @param partial [parts, ...shape]; the sum has `shape`. */
export function sumParts(engine: typeof tf, partial: tf.Tensor, shape: number[]): tf.Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const program: WebGpuProgram = {
    ...flatProgram([count]),
    variableNames: ['partial'],
    uniforms: 'parts : i32,',
    shaderKey: 'eosinSumParts',
    getUserCode: () => `
      fn main(index : i32) {
        if (index >= uniforms.size) { return; }
        var sum = 0.0;
        for (var part = 0; part < uniforms.parts; part++) { sum += partial[part * uniforms.size + index]; }
        result[index] = sum;
      }`,
  };
  const backend = engine.backend() as unknown as WebGPUBackend;
  const parts = [{ type: 'int32', data: [partial.size / count] }];
  const sum = backend.runWebGPUProgram(program, [partial.reshape([-1, count])], 'float32', parts);
  return engine.engine().makeTensorFromTensorInfo(sum).reshape(shape);
}
