/** A backbone whose weights are the formula's, for comparing with Keras. */
import type * as tf from '@tensorflow/tfjs';
import {
  type Architecture,
  type Backbone,
  type BackboneWeights,
  backboneOf,
  layersOf,
} from '../../app/networks/backbone.ts';
import { plannedWeights } from '../../app/networks/blueprint.ts';
import { formulaWeights } from './formula-weights.ts';

export async function formulaBackbone(
  api: typeof tf,
  architecture: Architecture,
  sizePx: number,
  ownHead = false,
): Promise<{ backbone: Backbone; base: tf.LayersModel; weights: BackboneWeights }> {
  const layers = [...layersOf(architecture), ...(ownHead ? architecture.ownHead : [])];
  const named = plannedWeights(layers, sizePx);
  const backbone = backboneOf(architecture, { provenance: 'a formula' });
  const weights = formulaWeights(named);
  return { backbone, base: await backbone.build(api, weights, sizePx, { ownHead }), weights };
}
