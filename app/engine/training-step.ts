/**
 * One step of gradient descent on a small network, for the self-test:
 *
 *     [4, 8, 8, 3] -> convolution 3x3 stride 2 -> batch norm -> relu6 -> depthwise 3x3 -> relu -> mean -> dense -> 3 classes
 */
import type * as tf from '@tensorflow/tfjs';

export const STEP_SHAPES = {
  pictures: [4, 8, 8, 3],
  convolution: [3, 3, 3, 6],
  scale: [6],
  offset: [6],
  depthwise: [3, 3, 6, 1],
  dense: [6, 3],
  bias: [3],
} as const;
export type StepTensor = keyof typeof STEP_SHAPES;

export const STEP_LABELS: readonly number[] = [0, 1, 2, 1];
export const STEP_RATE = 2;
/** Batch normalization: mean 0.1, variance 0.8 for every channel. */
export const STEP_MEAN = 0.1;
export const STEP_VARIANCE = 0.8;
export const STEP_EPSILON = 1e-3;

/** Loss before and after the step, computed in float64 with numerical gradients (test/engine/training-step.test.ts). */
export const EXPECTED_LOSSES: readonly [number, number] = [1.0600051317, 1.0408314174];

/** The start value of element `i` of a tensor. */
export function startValue(name: StepTensor, i: number): number {
  const phase = Object.keys(STEP_SHAPES).indexOf(name);
  const wave = Math.sin(i * 2.399 + phase);
  if (name === 'scale') return 1 + 0.3 * wave;
  return name === 'pictures' ? 0.5 + 0.5 * wave : 0.6 * wave;
}

/** Runs the step on the active backend and gives the loss before and after it. */
export async function trainingStep(api: typeof tf): Promise<[number, number]> {
  const names = Object.keys(STEP_SHAPES) as StepTensor[];
  const tensors = Object.fromEntries(
    names.map((name) => {
      const shape: number[] = [...STEP_SHAPES[name]];
      const values = Float32Array.from({ length: shape.reduce((a: number, b) => a * b, 1) }, (_, i) =>
        startValue(name, i),
      );
      const tensor = api.tensor(values, shape);
      return [name, tensor];
    }),
  ) as Record<StepTensor, tf.Tensor>;
  const variables = names.filter((name) => name !== 'pictures').map((name) => api.variable(tensors[name], true));
  const optimizer = api.train.sgd(STEP_RATE);
  const loss = (): tf.Scalar => api.tidy(() => lossOf(api, tensors.pictures as tf.Tensor4D, variables));
  const first = optimizer.minimize(loss, true, variables)!;
  const second = loss();
  const losses: [number, number] = [(await first.data())[0]!, (await second.data())[0]!];
  optimizer.dispose();
  api.dispose([first, second, ...variables, ...Object.values(tensors)]);
  return losses;
}

function lossOf(api: typeof tf, pictures: tf.Tensor4D, variables: tf.Tensor[]): tf.Scalar {
  const [convolution, scale, offset, depthwise, dense, bias] = variables as [
    tf.Tensor4D,
    tf.Tensor1D,
    tf.Tensor1D,
    tf.Tensor4D,
    tf.Tensor2D,
    tf.Tensor1D,
  ];
  const mean = api.fill([6], STEP_MEAN) as tf.Tensor1D;
  const variance = api.fill([6], STEP_VARIANCE) as tf.Tensor1D;
  let x = api.conv2d(pictures, convolution, 2, 'same'); // [4, 4, 4, 6]
  x = api.batchNorm(x, mean, variance, offset, scale, STEP_EPSILON);
  x = api.relu(api.depthwiseConv2d(api.relu6(x), depthwise, 1, 'same')); // [4, 4, 4, 6]
  const logits = api.matMul(api.mean(x, [1, 2]) as tf.Tensor2D, dense).add(bias); // [4, 3]
  const labels = api.oneHot(api.tensor1d([...STEP_LABELS], 'int32'), 3);
  return api.losses.softmaxCrossEntropy(labels, logits).asScalar();
}
