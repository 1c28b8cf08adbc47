/**
 * The part of a network that learns, cut at the freeze boundary:
 *
 *     pixels -> frozen groups -> | boundary activations -> groups that learn -> head -> logits
 *               runs once, cached  ^ the upper network starts here, and the backward pass stops here
 *
 * It shares its variables with the whole model, so nothing has to be copied back. BatchNormalization always runs in
 * inference mode (its averages never move; scale and offset do learn), in training as well.
 */
import type * as tf from '@tensorflow/tfjs';
import type { Network } from './network.ts';

export type VariableRole = 'kernel' | 'bias' | 'scale' | 'offset';

export interface LearningVariable {
  /** `layer/weight`, the name in the saved model. */
  readonly name: string;
  readonly variable: tf.Variable;
  /** Weight decay and l2 concern kernels only. */
  readonly role: VariableRole;
  /** The layer group, or `head`. */
  readonly group: string;
  /** 0 is the head, 1 the attach group, 2 the group below: the exponent of the layer-wise learning rate decay. */
  readonly depth: number;
}

export interface ForwardOptions {
  /** Given: dropout is on, and this number alone decides its mask. Absent: inference. */
  readonly dropoutSeed?: number;
}

export interface WeightSnapshot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface UpperNetwork {
  /** The group whose output goes in; null: the preprocessed picture goes in and everything learns. */
  readonly boundary: string | null;
  /** [height, width, channels] of what goes in. */
  readonly inputShape: readonly [number, number, number];
  /** Every variable above the boundary, from the head down. */
  readonly variables: readonly LearningVariable[];
  /** `[n, h, w, channels]` -> `[n, classes]`, differentiable; the caller disposes the result. */
  logits(x: tf.Tensor4D, options?: ForwardOptions): tf.Tensor2D;
  /** `[n, h, w, channels]` -> softmax `[n, classes]`; the caller disposes the result. */
  probabilities(x: tf.Tensor4D): tf.Tensor2D;
  /** Copies of all `variables`, for the best weights of a phase. */
  snapshot(): Promise<WeightSnapshot[]>;
  /** Writes copies back. @throws EosinError `network/foreign-weights` when names or shapes differ. */
  restore(snapshot: readonly WeightSnapshot[]): void;
}

/**
 * The network above `boundary` (the name of one of its groups, or null for all of it).
 *
 * @throws EosinError `network/no-such-group`, `network/layer-kind`
 */
export function upperNetwork(_engine: typeof tf, _network: Network, _boundary: string | null): UpperNetwork {
  throw new Error('coming within this hour');
}

/**
 * The frozen part on the engine itself: `[n, size, size, channels]` preprocessed -> the group's output `[n, h, w, c]`.
 * Where onnxruntime is at hand, an exported graph does the same six times faster.
 */
export function lowerForward(
  _engine: typeof tf,
  _model: tf.LayersModel,
  _group: string,
): (pictures: tf.Tensor4D) => tf.Tensor4D {
  throw new Error('coming within this hour');
}
