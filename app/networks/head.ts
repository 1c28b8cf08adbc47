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
}

/**
 * Applies a new head to `features` `[n, h, w, channels]`: pooling, dense layers with relu, dropout, dense, softmax.
 *
 * Kernels are Glorot uniform as in Keras (Glorot and Bengio 2010): within ±sqrt(6 / (fan in + fan out)); biases are zero.
 *
 * @returns the symbolic probabilities `[n, classCount]` and the names of the layers.
 */
export function buildHead(
  engine: typeof tf,
  head: Recipe['head'],
  features: tf.SymbolicTensor,
  classCount: number,
  seed: number,
): { output: tf.SymbolicTensor; layers: HeadLayers } {
  const names: HeadLayers = {
    pooling: 'head_pooling',
    dense: head.dense.map((_, i) => `head_dense_${i + 1}`),
    dropout: 'head_dropout',
    logits: 'head_logits',
    probabilities: 'head_probabilities',
  };
  const pool = head.pooling === 'max' ? engine.layers.globalMaxPooling2d : engine.layers.globalAveragePooling2d;
  let x = pool({ name: names.pooling, dataFormat: 'channelsLast' }).apply(features) as tf.SymbolicTensor; // [n, channels]
  const dense = (units: number, name: string, activation: 'relu' | 'linear'): void => {
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
  head.dense.forEach((units, i) => {
    dense(units, names.dense[i]!, 'relu');
  });
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
