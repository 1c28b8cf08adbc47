/**
 * The part of a network that learns, cut at the freeze boundary:
 *
 *     pixels -> frozen groups -> | boundary activations -> groups that learn -> head -> logits
 *               runs once, cached  ^ the upper network starts here, and the backward pass stops here
 *
 * It shares its variables with the whole model, so nothing has to be copied back. BatchNormalization runs in inference mode
 * in training as well (its averages never move; scale and offset do learn), unless the recipe wants it otherwise.
 */
import type * as tf from '@tensorflow/tfjs';
import { EosinError } from '../core/errors.ts';
import type { Recipe } from '../core/recipe.ts';
import type { LayerGroup } from './backbone.ts';
import { type BatchMoments, compileForward } from './layer-forward.ts';
import { type LayerNode, type LayerWeight, layerGraph, weightOf } from './layer-graph.ts';
import { backboneUpTo } from './layer-groups.ts';
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
  /**
   * `[n, h, w, channels]` -> `[n, classes]`, differentiable; the caller disposes the result. With `batchNorm` 'training' and a
   * dropout seed the batch normalises itself, and its statistics move the averages.
   */
  logits(x: tf.Tensor4D, options?: ForwardOptions): tf.Tensor2D;
  /** `[n, h, w, channels]` -> softmax `[n, classes]`; the caller disposes the result. */
  probabilities(x: tf.Tensor4D): tf.Tensor2D;
  /** Copies of all `variables`, and of the averages where they move, for the best weights of a phase. */
  snapshot(): Promise<WeightSnapshot[]>;
  /** Writes copies back. @throws EosinError `network/foreign-weights` when names or shapes differ. */
  restore(snapshot: readonly WeightSnapshot[]): void;
}

/**
 * The network above `boundary` (the name of one of its groups, or null for all of it).
 *
 * @throws EosinError `network/no-such-group`, `network/layer-kind`
 */
export function upperNetwork(
  engine: typeof tf,
  network: Network,
  boundary: string | null,
  batchNorm: Recipe['batchNorm'] = 'inference',
): UpperNetwork {
  const { groups, head, model } = network;
  const below = boundary === null ? [] : backboneUpTo(groups, boundary);
  const cut = below.at(-1)?.output ?? null;
  const graph = layerGraph(model, [head.logits], cut);
  const forward = compileForward(engine, graph);
  const variables = learningVariables(graph, groups);
  const averages = batchNorm === 'training' ? movingAverages(graph) : [];
  const stored = [...variables, ...averages.flatMap(({ mean, variance }) => [mean, variance])];
  const logits = (x: tf.Tensor4D, { dropoutSeed }: ForwardOptions = {}): tf.Tensor2D => {
    if (dropoutSeed === undefined) return forward(x) as tf.Tensor2D;
    if (averages.length === 0) return forward(x, { dropoutSeed }) as tf.Tensor2D;
    const moments: BatchMoments = new Map();
    const out = forward(x, { dropoutSeed, moments });
    moveAverages(engine, averages, moments);
    return out as tf.Tensor2D;
  };
  return {
    boundary: below.at(-1)?.name ?? null,
    inputShape: graph[0]!.shape as unknown as [number, number, number],
    variables,
    logits,
    probabilities: (x) => engine.tidy(() => engine.softmax(forward(x) as tf.Tensor2D)),
    snapshot: () => snapshotOf(stored),
    restore: (snapshot) => restoreInto(engine, stored, snapshot),
  };
}

/**
 * The frozen part on the engine itself: `[n, size, size, channels]` preprocessed -> the group's output `[n, h, w, c]`.
 * Where onnxruntime is at hand, an exported graph does the same six times faster.
 *
 * @param layer the group's `output`.
 */
export function lowerForward(
  engine: typeof tf,
  model: tf.LayersModel,
  layer: string,
): (pictures: tf.Tensor4D) => tf.Tensor4D {
  const forward = compileForward(engine, layerGraph(model, [layer]));
  return (pictures) => forward(pictures) as tf.Tensor4D;
}

/** What is saved of a variable. */
type Stored = Pick<LearningVariable, 'name' | 'variable'>;

const ROLES: Readonly<Record<string, VariableRole>> = {
  kernel: 'kernel',
  depthwise_kernel: 'kernel',
  bias: 'bias',
  gamma: 'scale',
  beta: 'offset',
};

/** From the head down; the averages of BatchNormalization are not among them. */
function learningVariables(graph: readonly LayerNode[], groups: readonly LayerGroup[]): LearningVariable[] {
  const groupOf = new Map(groups.flatMap((group) => group.layers.map((layer) => [layer, group.name] as const)));
  const depthOf = new Map(groups.map((group, i) => [group.name, groups.length - i] as const));
  return graph
    .flatMap((node) =>
      node.weights.map((weight) => {
        const group = groupOf.get(node.name) ?? 'head';
        return { ...weight, role: ROLES[weight.kind], group, depth: depthOf.get(group) ?? 0 };
      }),
    )
    .filter((weight) => weight.role !== undefined)
    .map(({ name, variable, role, group, depth }) => ({ name, variable, role: role!, group, depth }))
    .toSorted((a, b) => a.depth - b.depth);
}

/** The averages of one normalisation. */
interface MovingAverages {
  readonly layer: string;
  readonly momentum: number;
  readonly mean: LayerWeight;
  readonly variance: LayerWeight;
}

function movingAverages(graph: readonly LayerNode[]): MovingAverages[] {
  return graph
    .filter(({ kind }) => kind === 'BatchNormalization')
    .map((node) => ({
      layer: node.name,
      momentum: node.config.momentum as number,
      mean: weightOf(node, 'moving_mean')!,
      variance: weightOf(node, 'moving_variance')!,
    }));
}

/** average <- momentum * average + (1 - momentum) * of the batch, as Keras; takes the moments away. */
function moveAverages(engine: typeof tf, averages: readonly MovingAverages[], moments: BatchMoments): void {
  engine.tidy(() => {
    for (const { layer, momentum, mean, variance } of averages) {
      const batch = moments.get(layer)!;
      for (const [kept, fresh] of [
        [mean.variable, batch.mean],
        [variance.variable, batch.variance],
      ] as const) {
        kept.assign(kept.mul(momentum).add(fresh.mul(1 - momentum)));
      }
    }
  });
  for (const { mean, variance } of moments.values()) engine.dispose([mean, variance]);
}

async function snapshotOf(variables: readonly Stored[]): Promise<WeightSnapshot[]> {
  return await Promise.all(
    variables.map(async ({ name, variable }) => {
      // No copy of its own: a variable that changes gets another tensor, and what was read stays as it is.
      const values = await variable.data<'float32'>();
      return { name, shape: [...variable.shape], values };
    }),
  );
}

function restoreInto(engine: typeof tf, variables: readonly Stored[], snapshot: readonly WeightSnapshot[]): void {
  const stored = new Map(snapshot.map((weight) => [weight.name, weight]));
  const foreign = variables.find(({ name, variable }) => String(stored.get(name)?.shape) !== String(variable.shape));
  if (foreign !== undefined || stored.size !== variables.length) {
    throw new EosinError('network/foreign-weights', 'internal', 'These weights belong to another network.', {
      remedy: 'Restore a snapshot that was taken with the same boundary and head.',
      fields: { weight: foreign?.name ?? null },
    });
  }
  for (const { name, variable } of variables) {
    const { values, shape } = stored.get(name)!;
    engine.tidy(() => variable.assign(engine.tensor(values, [...shape])));
  }
}
