/** The head of a recipe that keeps the network's own dense layers: flatten, dense layers with their weights, new softmax. */
import type * as tf from '@tensorflow/tfjs';
import { EosinError } from '../core/errors.ts';
import type { Backbone } from './backbone.ts';
import type { KeptNames } from './head.ts';

/** The own layers of a backbone model that was built with `ownHead`, as the parts of a head. */
export interface KeptLayers {
  /** What the new logits read, `[n, units]`. */
  readonly features: tf.SymbolicTensor;
  readonly layers: KeptNames;
}

/** @throws EosinError `network/no-own-head` where the network has none, or the model was built without it. */
export function keptLayers(backbone: Backbone, model: tf.LayersModel): KeptLayers {
  const pooling = backbone.ownHead.find(({ kind }) => kind === 'flatten');
  const dense = backbone.ownHead.filter(({ kind }) => kind === 'dense').map(({ name }) => name);
  const last = model.layers.find(({ name }) => name === dense.at(-1));
  if (pooling === undefined || last === undefined) {
    throw new EosinError('network/no-own-head', 'usage', `${backbone.name} has no dense layers of its own to keep.`, {
      remedy: 'Set head.kind to new, or use vgg16 with weights of the whole network.',
    });
  }
  return { features: last.output as tf.SymbolicTensor, layers: { pooling: pooling.name, dense } };
}
