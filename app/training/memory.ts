/** The part of a network that learns, as the memory estimate (`core/training-memory.ts`) sees it. */
import type { LearningPart } from '../core/training-memory.ts';
import { fuseActivations } from '../networks/fuse-activations.ts';
import { layerGraph } from '../networks/layer-graph.ts';
import { activationOf } from '../networks/layer-settings.ts';
import type { Network } from '../networks/network.ts';

/** Of a network whose top `unfreeze` groups learn; the head always does. */
export function learningPartOf({ groups, model, head }: Network, unfreeze: number): LearningPart {
  const frozen = groups.slice(0, Math.max(0, groups.length - unfreeze)).flatMap(({ layers }) => layers);
  const below = new Set(frozen);
  let [weights, learning] = [0, 0];
  for (const layer of model.layers) {
    const count = layer.countParams();
    weights += count;
    if (!below.has(layer.name)) learning += count;
  }
  const graph = fuseActivations(layerGraph(model, [head.logits]));
  /** Layers whose output a layer reads that needs it on the way back; a sum does not. */
  const kept = new Set(graph.filter(({ kind }) => kind !== 'Add').flatMap(({ inputs }) => inputs));
  let values = 0;
  for (const node of graph) {
    if (below.has(node.name) || node.kind === 'InputLayer') continue;
    const size = node.shape.reduce((product, length) => product * length, 1);
    // What a normalization puts into its relu is taken from its input again; what a convolution puts into one is kept.
    const inside = node.kind !== 'BatchNormalization' && activationOf(node) !== 'linear' && node.kind !== 'Activation';
    values += size * (Number(kept.has(node.name)) + Number(inside));
  }
  return { values, weights, learning };
}
