/** The new head of a network: pooling, dense layers, dropout, softmax. Its first weights depend on the seed alone. */
import type * as tf from '@tensorflow/tfjs';
import { randomFor } from '../core/random.ts';
import type { Recipe } from '../core/recipe.ts';

/** Names of the head's layers; `logits` is the last dense layer, `probabilities` the softmax above it. */
export interface HeadLayers {
  readonly pooling: string;
  readonly dense: readonly string[];
  readonly dropout: string;
  readonly logits: string;
  readonly probabilities: string;
  /** The layers that were made for this head; those that it keeps belong to the backbone. */
  readonly made: readonly string[];
}

/** Layers of the network itself that stand in for pooling and dense layers. */
export type KeptNames = Pick<HeadLayers, 'pooling' | 'dense'>;

/**
 * Applies a new head to `features` `[n, h, w, channels]`: pooling (or flattening), dense layers, dropout, dense, softmax.
 *
 * Kernels are Glorot uniform as in Keras (Glorot and Bengio 2010): within ±sqrt(6 / (fan in + fan out)); biases are zero.
 *
 * @param kept given: `features` `[n, units]` have gone through these layers already, and only dropout and softmax are new.
 * @returns the symbolic probabilities `[n, classCount]` and the names of the layers.
 */
export function buildHead(
  engine: typeof tf,
  head: Recipe['head'],
  features: tf.SymbolicTensor,
  classCount: number,
  seed: number,
  kept: KeptNames | null = null,
): { output: tf.SymbolicTensor; layers: HeadLayers } {
  const above = { dropout: 'head_dropout', logits: 'head_logits', probabilities: 'head_probabilities' };
  const below = kept ?? { pooling: 'head_pooling', dense: head.dense.map((_, i) => `head_dense_${i + 1}`) };
  const made = [...(kept ? [] : [below.pooling, ...below.dense]), ...Object.values(above)];
  const names: HeadLayers = { ...below, ...above, made };
  const settings = { name: names.pooling, dataFormat: 'channelsLast' } as const;
  const pool = {
    average: engine.layers.globalAveragePooling2d,
    max: engine.layers.globalMaxPooling2d,
    flatten: engine.layers.flatten,
  }[head.pooling];
  // [n, channels], flattened [n, h * w * channels]
  let x = kept ? features : (pool(settings).apply(features) as tf.SymbolicTensor);
  const dense = (units: number, name: string, activation: Recipe['head']['activation']): void => {
    const fanIn = x.shape.at(-1)!;
    const layer = engine.layers.dense({
      units,
      name,
      activation,
      kernelInitializer: 'zeros',
      biasInitializer: 'zeros',
    });
    x = layer.apply(x) as tf.SymbolicTensor; // [n, units]
    const kernel = engine.tensor2d(glorotUniform(fanIn, units, seed, name), [fanIn, units]);
    const bias = engine.zeros([units]);
    layer.setWeights([kernel, bias]);
    engine.dispose([kernel, bias]);
  };
  if (kept === null) {
    head.dense.forEach((units, i) => {
      dense(units, names.dense[i]!, head.activation);
    });
  }
  x = engine.layers.dropout({ rate: head.dropout, name: names.dropout }).apply(x) as tf.SymbolicTensor;
  dense(classCount, names.logits, 'linear');
  x = engine.layers.softmax({ name: names.probabilities }).apply(x) as tf.SymbolicTensor;
  return { output: x, layers: names };
}

function glorotUniform(fanIn: number, fanOut: number, seed: number, name: string): Float32Array {
  const random = randomFor(seed, 'head', name);
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  return Float32Array.from({ length: fanIn * fanOut }, () => (2 * random.next() - 1) * limit);
}
