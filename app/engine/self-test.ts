/** Whether an engine may be used: its gradients against the cpu backend's, one training step, and no tensor left behind. */
import type * as tf from '@tensorflow/tfjs';
import type { Engine } from './engine.ts';
import { GRADIENT_CASES, type GradientCase } from './gradient-cases.ts';
import { EXPECTED_LOSSES, trainingStep } from './training-step.ts';

export interface SelfTestResult {
  readonly passed: boolean;
  /** Largest relative difference of a gradient from the cpu backend's. */
  readonly gradientError: number;
  /** The layer kind of that gradient. */
  readonly worst: string;
  /** Largest relative difference of the loss before and after one training step from the stored numbers. */
  readonly stepError: number;
  /** Tensors that were left over; 0 is right. */
  readonly leakedTensors: number;
  /** Why it did not pass, without a full stop. */
  readonly reason?: string;
}

export const GRADIENT_TOLERANCE = 1e-4;

/** Takes about a second. Never throws: an engine that throws has not passed, and `reason` says why. */
export async function selfTest(engine: Engine): Promise<SelfTestResult> {
  const { tf: api } = engine;
  const own = api.getBackend();
  const before = api.memory().numTensors;
  let gradientError = 0;
  let worst = '';
  let kind = '';
  let stepError = Number.NaN;
  try {
    for (const each of GRADIENT_CASES) {
      kind = each.kind;
      const error = await compareGradients(api, own, each);
      if (!(error <= gradientError)) [gradientError, worst] = [error, kind];
      if (!(error <= GRADIENT_TOLERANCE)) break;
    }
    if (!(gradientError <= GRADIENT_TOLERANCE)) {
      const reason = `the gradient of '${worst}' is off by ${gradientError.toExponential(1)}`;
      return { passed: false, gradientError, worst, stepError, leakedTensors: 0, reason };
    }
    kind = 'training step';
    stepError = await compareStep(api);
    const leakedTensors = api.memory().numTensors - before;
    const result = { gradientError, worst, stepError, leakedTensors };
    if (!(stepError <= GRADIENT_TOLERANCE)) {
      return { ...result, passed: false, reason: `one training step is off by ${stepError.toExponential(1)}` };
    }
    if (leakedTensors !== 0) return { ...result, passed: false, reason: `${leakedTensors} tensors were left behind` };
    return { ...result, passed: true };
  } catch (error) {
    const words = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return {
      passed: false,
      gradientError: Number.NaN,
      worst,
      stepError,
      leakedTensors: 0,
      reason: `${kind}: ${words}`,
    };
  } finally {
    await api.setBackend(own);
  }
}

/** The largest relative difference of a case's gradients between two backends; NaN when one is not finite. */
export async function compareGradients(api: typeof tf, backend: string, each: GradientCase): Promise<number> {
  const reference = await gradientsOn(api, 'cpu', each);
  const own = await gradientsOn(api, backend, each);
  const errors = reference.map((values, i) => relativeError(own[i]!, values));
  return errors.some(Number.isNaN) ? Number.NaN : Math.max(...errors);
}

async function gradientsOn(api: typeof tf, backend: string, each: GradientCase): Promise<Float32Array[]> {
  await api.setBackend(backend);
  const inputs = each.shapes.map((shape, i) => api.tensor(wave(shape, i + 1), [...shape]));
  const gradients = api.tidy(() =>
    api.grads((...x: tf.Tensor[]) => {
      const y = each.run(api, x);
      return y.mul(api.tensor(wave(y.shape, 9), y.shape)).sum(); // a different weight for every output
    })(inputs),
  );
  const values = await Promise.all(gradients.map((gradient) => gradient.data<'float32'>()));
  api.dispose([inputs, gradients] as unknown as tf.TensorContainer);
  return values.map((array) => array.slice());
}

/** Numbers in [-1, 1] without ties, the same on every engine. */
function wave(shape: readonly number[], phase: number): Float32Array {
  const count = shape.reduce((product, length) => product * length, 1);
  return Float32Array.from({ length: count }, (_, i) => Math.sin(i * 1.618 + phase * 0.7 + 1e-3 * i * phase));
}

/** Largest difference as a share of the largest reference value. */
function relativeError(values: Float32Array, reference: Float32Array): number {
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < reference.length; i++) {
    const d = Math.abs(values[i]! - reference[i]!);
    if (Number.isNaN(d)) return Number.NaN;
    difference = Math.max(difference, d);
    largest = Math.max(largest, Math.abs(reference[i]!));
  }
  return largest === 0 ? difference : difference / largest;
}

async function compareStep(api: typeof tf): Promise<number> {
  const losses = await trainingStep(api);
  const errors = EXPECTED_LOSSES.map((expected, i) => Math.abs(losses[i]! - expected) / expected);
  return errors.some(Number.isNaN) ? Number.NaN : Math.max(...errors);
}
