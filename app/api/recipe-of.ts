/** A recipe by name, or as it was sent, with the backbone that it means on this computer. */
import type { Recipe } from '../core/recipe.ts';
import { ownRecipes, ownRecipesFolder } from '../jobs/own-recipes.ts';
import { findRecipe } from '../training/recipe-book.ts';
import { withBackbone } from '../weights/chosen-backbone.ts';
import type { ApiDeps } from './api-deps.ts';

/** Eosin's own, then those of the open project. */
export function recipesAtHand({ recipes, workspace }: Pick<ApiDeps, 'recipes' | 'workspace'>): Recipe[] {
  const own = workspace.isOpen ? ownRecipes(ownRecipesFolder(workspace.project().folder)) : [];
  return [...recipes, ...own];
}

export function recipeOf(deps: Pick<ApiDeps, 'recipes' | 'workspace' | 'backbones'>, asked: string | Recipe): Recipe {
  const recipe =
    typeof asked === 'string' ? findRecipe(new Map(recipesAtHand(deps).map((one) => [one.name, one])), asked) : asked;
  return withBackbone(recipe, deps.backbones);
}
