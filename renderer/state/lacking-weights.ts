/** Why a recipe cannot be trained on this computer: the pretrained weights that it wants are not here. */
import type { Recipe } from '../../app/core/recipe.ts';

/** What the route of backbones says of one. */
interface Backbone {
  readonly name: string;
  readonly title: string;
  readonly atHand: boolean;
  readonly ownHead: boolean;
  readonly wanted: string | null;
}

export interface Lacking {
  readonly why: string;
  /** Which file, and how it comes in; null where nobody can say. */
  readonly wanted: string | null;
}

/** Null where nothing lacks. */
export function lackingWeights(
  { backbone, head }: Pick<Recipe, 'backbone' | 'head'>,
  backbones: readonly Backbone[],
): Lacking | null {
  const found = backbones.find(({ name }) => name === backbone);
  if (found === undefined) return { why: `There are no weights called ${backbone} on this computer.`, wanted: null };
  const { title, wanted } = found;
  if (!found.atHand) return { why: `The weights of ${title} are not on this computer.`, wanted };
  if (head.kind === 'keep' && !found.ownHead) {
    return { why: `The weights of ${title} here are without its own dense layers, which this recipe keeps.`, wanted };
  }
  return null;
}
