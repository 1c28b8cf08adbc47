/** The recipe that --recipe and --set ask for. */
import type { App } from '../../app/app.ts';
import type { Recipe } from '../../app/core/recipe.ts';
import type { EngineId } from '../../app/engine/engine.ts';
import { readInput } from '../../app/files/read-input.ts';
import { ownRecipes, ownRecipesFolder } from '../../app/jobs/own-recipes.ts';
import { applySettings, defaultRecipe, findRecipe, parseRecipe } from '../../app/training/recipe-book.ts';
import { withBackbone } from '../../app/weights/chosen-backbone.ts';
import { text, texts, wrongUse } from './arguments.ts';
import type { Flags } from './command.ts';

export const recipeFlags = {
  recipe: { type: 'string' },
  engine: { type: 'string' },
  set: { type: 'string', multiple: true },
} as const;

const engines: readonly EngineId[] = ['native-cuda', 'native-cpu', 'webgpu', 'wasm', 'cpu'];

/** By name those that come with Eosin and those that the project in `projectFolder` keeps, or a file. */
export async function chosenRecipe(app: App, flags: Flags, projectFolder?: string): Promise<Recipe> {
  const name = text(flags, 'recipe') ?? defaultRecipe;
  const own = projectFolder === undefined ? [] : ownRecipes(ownRecipesFolder(projectFolder));
  const book = new Map([...own, ...app.services.recipes].map((recipe) => [recipe.name, recipe]));
  const recipe = name.endsWith('.json')
    ? parseRecipe((await readInput(name)).toString('utf8'))
    : findRecipe(book, name);
  return withBackbone(applySettings(recipe, texts(flags, 'set')), app.services.backbones);
}

export function chosenEngine(flags: Flags): EngineId | null {
  const name = text(flags, 'engine');
  if (name === undefined) return null;
  const found = engines.find((engine) => engine === name);
  if (!found) throw wrongUse(`--engine wants one of ${engines.join(', ')}.`);
  return found;
}
