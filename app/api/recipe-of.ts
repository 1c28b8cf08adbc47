/** A recipe by name, or as it was sent, with the backbone that it means on this computer. */
import type { Recipe } from '../core/recipe.ts';
import { findRecipe } from '../training/recipe-book.ts';
import { withBackbone } from '../weights/chosen-backbone.ts';
import type { ApiDeps } from './api-deps.ts';

export function recipeOf(
  { recipes, backbones }: Pick<ApiDeps, 'recipes' | 'backbones'>,
  asked: string | Recipe,
): Recipe {
  const book = new Map(recipes.map((recipe) => [recipe.name, recipe]));
  return withBackbone(typeof asked === 'string' ? findRecipe(book, asked) : asked, backbones);
}
