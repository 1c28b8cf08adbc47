/** How many pictures fit through the learning part at once. */
import { activationBudgetBytes, activationCopies } from '../core/training-cost.ts';
import type { Network } from '../networks/network.ts';

/** Pictures a micro-batch (1 to `batchSize`) when the groups above the top `unfreeze` stay frozen. */
export function microBatchFor(network: Network, unfreeze: number, batchSize: number): number {
  const learning = network.groups.slice(Math.max(0, network.groups.length - unfreeze));
  let values = 0;
  for (const { layers } of learning) {
    for (const name of layers) {
      const [, ...shape] = network.model.getLayer(name).outputShape as number[];
      values += shape.reduce((product, size) => product * size, 1);
    }
  }
  const perPicture = values * 4 * activationCopies;
  return Math.max(1, Math.min(batchSize, Math.floor(activationBudgetBytes / Math.max(1, perPicture))));
}
