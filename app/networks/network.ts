/**
 * A network that learns: a backbone up to its attach group with a new head, one layers model from picture to class.
 *
 *     pixels -> [stem] -> ... -> [attach group] -> pooling -> (dense, relu)* -> dropout -> logits -> probabilities
 *               <----------- backbone ---------->   <------------------------- head ------------------------->
 */
import type * as tf from '@tensorflow/tfjs';
import type { Recipe } from '../core/recipe.ts';
import type { Backbone, LayerGroup, Preprocessing } from './backbone.ts';
import { buildHead, type HeadLayers } from './head.ts';
import { keptLayers } from './kept-head.ts';
import { backboneUpTo } from './layer-groups.ts';

export interface Network {
  /** `[n, size, size, channels]` preprocessed float32 -> probabilities `[n, classes]`. */
  readonly model: tf.LayersModel;
  /** The backbone's groups from the input up to and with the attach group. */
  readonly groups: readonly LayerGroup[];
  readonly preprocessing: Preprocessing;
  readonly head: HeadLayers;
  readonly classCount: number;
}

/**
 * Grows a new head on `attach`. The backbone model's layers are shared, not copied: what learns in the network has
 * learned in the backbone. What lies above `attach` is not part of the network.
 *
 * @param backboneModel what `backbone.build` gave, with its own head where `head` keeps it.
 * @param seed decides the head's first weights (Glorot uniform, biases zero), whatever the engine.
 * @throws EosinError `network/no-such-group`, `network/no-own-head`
 */
export function attachHead(
  engine: typeof tf,
  backbone: Backbone,
  backboneModel: tf.LayersModel,
  attach: string,
  head: Recipe['head'],
  classCount: number,
  seed: number,
): Network {
  const groups = backboneUpTo(backbone.groups, attach);
  const kept = head.kind === 'keep' ? keptLayers(backbone, backboneModel) : null;
  const top = backboneModel.getLayer(groups.at(-1)!.output).output as tf.SymbolicTensor; // [n, h, w, channels]
  const built = buildHead(engine, head, kept?.features ?? top, classCount, seed, kept?.layers);
  const model = engine.model({
    inputs: backboneModel.inputs,
    outputs: built.output,
    name: `${backbone.name}-${attach}`,
  });
  return { model, groups, preprocessing: backbone.preprocessing, head: built.layers, classCount };
}
