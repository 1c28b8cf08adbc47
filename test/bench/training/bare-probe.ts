/** The linear probe that fine-tuning has to beat, trained, saved and judged as any model: a run that ends where its head starts. */
import type { Recipe } from '../../../app/core/recipe.ts';
import { phaseSchema } from '../../../app/core/recipe-phase.ts';

/** So low a rate that one step does not move the last digit of a weight. */
const still = 1e-12;

/**
 * The recipe of a probe on the group `attach`: the penalty tuned by cross-validation in the training part, jittered views, and
 * folds, as in the depth probe.
 */
export function probeRecipe(recipe: Recipe, attach: string): Recipe {
  return {
    ...recipe,
    attach,
    views: 2,
    patchesPerEpoch: recipe.batchSize,
    phases: [phaseSchema.parse({ name: 'probe', unfreeze: 0, epochs: 1, learningRate: still })],
    ladder: null,
  };
}
