/** The recipes that can be chosen: Eosin's own, and those that the open project keeps. */
import { Hono } from 'hono';
import { recipeSchema } from '../core/recipe.ts';
import { ownRecipesFolder, removeOwnRecipe, saveOwnRecipe } from '../jobs/own-recipes.ts';
import { withBackbone } from '../weights/chosen-backbone.ts';
import type { ApiDeps } from './api-deps.ts';
import { recipesAtHand } from './recipe-of.ts';
import { jsonBody } from './validated.ts';

export function recipeRoutes(deps: ApiDeps) {
  const { workspace, recipes: shipped, backbones } = deps;
  const own = (): string => ownRecipesFolder(workspace.project().folder);
  return (
    new Hono()
      // Those of `auto` leave the choice of the backbone to Eosin; the recipes here name what it chose.
      .get('/recipes', (c) => {
        const recipes = recipesAtHand(deps);
        const names = (keep: (recipe: (typeof recipes)[number]) => boolean): string[] =>
          recipes.filter(keep).map(({ name }) => name);
        return c.json({
          recipes: recipes.map((recipe) => withBackbone(recipe, backbones)),
          own: names((recipe) => !shipped.includes(recipe)),
          auto: names(({ backbone }) => backbone === 'auto'),
        });
      })
      .put('/recipes', jsonBody(recipeSchema), async (c) => {
        const recipe = c.req.valid('json');
        await saveOwnRecipe(own(), recipe, shipped);
        return c.json(recipe);
      })
      .delete('/recipes/:name', (c) => {
        removeOwnRecipe(own(), c.req.param('name'));
        return c.json({});
      })
  );
}
