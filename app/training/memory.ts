/** The part of a network that learns, as the memory estimate (`core/training-memory.ts`) sees it. */
import type { LearningPart } from '../core/training-memory.ts';
import type { Network } from '../networks/network.ts';

/** Of a network whose top `unfreeze` groups learn; the head always does. */
export function learningPartOf({ groups, model }: Network, unfreeze: number): LearningPart {
  const frozen = groups.slice(0, Math.max(0, groups.length - unfreeze)).flatMap(({ layers }) => layers);
  const below = new Set(frozen);
  let [values, weights, learning] = [0, 0, 0];
  for (const layer of model.layers) {
    const count = layer.countParams();
    weights += count;
    if (below.has(layer.name) || layer.getClassName() === 'InputLayer') continue;
    learning += count;
    const { useBias, activation } = layer.getConfig() as { useBias?: boolean; activation?: string };
    // A layer that is an activation puts out one map, as one that has none.
    const own = useBias === undefined ? 1 : 1 + Number(useBias) + Number((activation ?? 'linear') !== 'linear');
    const [, ...shape] = layer.outputShape as number[];
    values += own * shape.reduce((product, size) => product * size, 1);
  }
  return { values, weights, learning };
}
