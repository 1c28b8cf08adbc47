/** A recipe by name, or as it was sent. */
import type { Recipe } from '../core/recipe.ts';
import { findRecipe } from '../training/recipe-book.ts';

export function recipeOf(recipes: readonly Recipe[], asked: string | Recipe): Recipe {
  return typeof asked === 'string' ? findRecipe(new Map(recipes.map((recipe) => [recipe.name, recipe])), asked) : asked;
}
