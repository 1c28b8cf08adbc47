/**
 * Variables that are computed on as one flat tensor: a network has hundreds of small ones, and an operation on a few values
 * costs an engine nearly as much as one on thousands. Arithmetic value by value gives the same bits either way.
 */
import type * as tf from '@tensorflow/tfjs';
import type { LearningVariable } from '../networks/split-network.ts';

/** A variable of at least this many values stands alone: copying it would cost more than a few operations less. */
const largeSize = 65_536;

export interface VariablePack {
  readonly members: readonly LearningVariable[];
  /** Values of all members together. */
  readonly size: number;
  /** One tensor a member, of its shape, as one `[size]`; inside a tidy. */
  join(of: (member: LearningVariable) => tf.Tensor): tf.Tensor1D;
  /** A joined tensor as one a member, in its shape; inside a tidy. */
  split(joined: tf.Tensor): tf.Tensor[];
  /** Joined values, one array a member; a lone member's is the joined one itself. */
  parts(joined: Float32Array): Float32Array[];
}

/** Packs of those variables whose `keyOf` is the same, in the order in which they first come. */
export function packVariables(
  engine: typeof tf,
  variables: readonly LearningVariable[],
  keyOf: (variable: LearningVariable) => string,
): VariablePack[] {
  const packs = new Map<string, LearningVariable[]>();
  for (const one of variables) {
    const key = one.variable.size < largeSize ? keyOf(one) : one.name;
    packs.set(key, [...(packs.get(key) ?? []), one]);
  }
  return [...packs.values()].map((members) => packOf(engine, members));
}

function packOf(engine: typeof tf, members: readonly LearningVariable[]): VariablePack {
  const sizes = members.map(({ variable }) => variable.size);
  const ends = sizes.map((_, i) => sizes.slice(0, i + 1).reduce((sum, own) => sum + own, 0));
  const size = ends.at(-1)!;
  return {
    members,
    size,
    join(of) {
      const flat = members.map((member) => of(member).flatten());
      return flat.length === 1 ? flat[0]! : engine.concat(flat);
    },
    split(joined) {
      const flat = members.length === 1 ? [joined] : engine.split(joined, sizes);
      return members.map(({ variable }, i) => flat[i]!.reshape(variable.shape));
    },
    parts: (joined) => (members.length === 1 ? [joined] : ends.map((end, i) => joined.slice(end - sizes[i]!, end))),
  };
}
