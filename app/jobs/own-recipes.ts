/** Recipes that a user saved in a project: one JSON file each, as `eosin train --recipe FILE.json` takes it. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { EosinError } from '../core/errors.ts';
import type { Recipe } from '../core/recipe.ts';
import { writeWhole } from '../files/write-whole.ts';
import { parseRecipe } from '../training/recipe-book.ts';

/** In a project's folder. */
export const ownRecipesFolder = (projectFolder: string): string => path.join(projectFolder, 'recipes');

/** By name; a file that is no recipe (changed by hand, made by a newer Eosin) is passed over. */
export function ownRecipes(folder: string): Recipe[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
  const recipes = names.flatMap((name) => {
    try {
      const recipe = parseRecipe(readFileSync(path.join(folder, name), 'utf8'));
      return fileOf(recipe.name) === name ? [recipe] : [];
    } catch {
      return [];
    }
  });
  return recipes.sort((a, b) => a.name.localeCompare(b.name));
}

/** Keeps the recipe under its name in place of one that has it. Throws `recipe/name` and `recipe/taken`. */
export async function saveOwnRecipe(folder: string, recipe: Recipe, shipped: readonly Recipe[]): Promise<void> {
  const { name } = recipe;
  if (name.trim() !== name || name.length > 60) {
    throw new EosinError('recipe/name', 'usage', `'${name}' is no name for a recipe.`, {
      remedy: 'Use up to 60 characters, without spaces at either end.',
      fields: { field: 'name' },
    });
  }
  if (shipped.some((one) => one.name === name)) {
    throw new EosinError('recipe/taken', 'conflict', `A recipe that comes with Eosin is called ${name}.`, {
      remedy: 'Give yours a name of its own.',
      fields: { field: 'name' },
    });
  }
  await writeWhole(path.join(folder, fileOf(name)), `${JSON.stringify(recipe, null, 2)}\n`);
}

/** Throws `recipe/unknown`. */
export function removeOwnRecipe(folder: string, name: string): void {
  if (!ownRecipes(folder).some((recipe) => recipe.name === name)) {
    throw new EosinError('recipe/unknown', 'missing', `The project has no recipe ${name}.`, {
      remedy: 'Reload the list of recipes.',
      fields: { name },
    });
  }
  rmSync(path.join(folder, fileOf(name)));
}

/** A name may hold what a file's may not. */
function fileOf(name: string): string {
  return `${encodeURIComponent(name).replace(/[*.]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)}.json`;
}
