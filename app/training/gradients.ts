/** The gradients of one batch on the rows of the activation cache, in as many micro-batches as memory allows. */
import type * as tf from '@tensorflow/tfjs';
import { chunks } from '../core/chunks.ts';
import { variableGradients } from '../engine/variable-gradients.ts';
import type { UpperNetwork } from '../networks/split-network.ts';
import type { Draw } from './activation-cache.ts';
import type { FitRequest } from './fit.ts';
import { crossEntropy } from './loss.ts';
import { feedRows, type RowFeed } from './row-feed.ts';

interface Gradients {
  readonly gradients: tf.NamedTensorMap;
  /** Mean loss of the batch, L2 included. */
  readonly loss: number;
  readonly correct: number;
}

/** The training rows of `batches` for `gradientsOf`, which takes them in micro-batches. */
export function feedBatches({ train, microBatch }: FitRequest, batches: Iterable<readonly Draw[]>): RowFeed {
  function* parts(): Generator<readonly Draw[]> {
    for (const batch of batches) yield* chunks(batch, microBatch);
  }
  return feedRows(train, parts());
}

/**
 * Gradients of one batch, summed over micro-batches: with frozen BatchNormalization the sum equals the whole batch's.
 *
 * @param feed of `feedBatches`, at this batch.
 */
export async function gradientsOf(
  request: FitRequest,
  batch: readonly Draw[],
  dropoutSeed: number,
  feed: RowFeed,
): Promise<Gradients> {
  const { engine, train, microBatch } = request;
  let total: Gradients | null = null;
  let from = 0;
  for (const part of chunks(batch, microBatch)) {
    const rows = await feed.next();
    const classes = part.map(({ patch }) => train.patches[patch]!.classIndex);
    const next: Gradients = await partGradients(request, rows, classes, batch.length, from, dropoutSeed + from);
    from += part.length;
    if (total === null) {
      total = next;
      continue;
    }
    const sum: tf.NamedTensorMap = {};
    for (const [name, gradient] of Object.entries(total.gradients)) sum[name] = gradient.add(next.gradients[name]!);
    engine.dispose(total.gradients);
    engine.dispose(next.gradients);
    total = { gradients: sum, loss: total.loss + next.loss, correct: total.correct + next.correct };
  }
  return total!;
}

async function partGradients(
  { engine, upper, recipe, classWeights, train }: FitRequest,
  rows: Float32Array,
  classes: readonly number[],
  batchLength: number,
  from: number,
  dropoutSeed: number,
): Promise<Gradients> {
  const variables = upper.variables.map(({ variable }) => variable);
  const penalised = from === 0 && recipe.head.l2 > 0;
  const { value, grads, correct } = engine.tidy(() => {
    const x = engine.tensor4d(rows, [classes.length, ...train.shape]); // [n, h, w, channels]
    let hits: tf.Tensor | null = null;
    const learn = (): tf.Scalar => {
      const logits = upper.logits(x, { dropoutSeed }); // [n, classes]
      hits = engine.keep(countCorrect(engine, logits, classes));
      const losses = crossEntropy(engine, logits, classes, recipe.loss.labelSmoothing, classWeights); // [n]
      const data = losses.sum().div(batchLength);
      return (penalised ? data.add(headPenalty(engine, upper, recipe.head.l2)) : data) as tf.Scalar;
    };
    return { ...variableGradients(engine, learn, variables), correct: hits! as tf.Tensor };
  });
  const [loss, hits] = [(await value.data())[0]!, (await correct.data())[0]!];
  engine.dispose([value, correct]);
  return { gradients: grads, loss, correct: hits };
}

/** l2 * sum of w² over the head's kernels, as Keras' kernel_regularizer adds it to the loss. */
function headPenalty(engine: typeof tf, upper: UpperNetwork, l2: number): tf.Tensor {
  const kernels = upper.variables.filter(({ group, role }) => group === 'head' && role === 'kernel');
  return engine.addN(kernels.map(({ variable }) => variable.square().sum())).mul(l2);
}

/** How many of the logits' largest are right; a scalar. */
export function countCorrect(engine: typeof tf, logits: tf.Tensor2D, classes: readonly number[]): tf.Tensor {
  return engine.tidy(() =>
    logits
      .argMax(1)
      .equal(engine.tensor1d([...classes], 'int32'))
      .sum(),
  );
}
