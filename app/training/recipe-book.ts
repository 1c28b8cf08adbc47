/** Recipes as text in, checked recipes out: parsing, look-up by name, and `--set path=value` changes. Pure; hosts read the files. */
import type { z } from 'zod';
import { EosinError } from '../core/errors.ts';
import { type Recipe, recipeSchema } from '../core/recipe.ts';
import { recipeKeysAt } from '../core/recipe-fields.ts';

export type RecipeBook = ReadonlyMap<string, Recipe>;

/** The recipe that is used when nobody names one. */
export const defaultRecipe = 'quick';

/** Parses the given JSON texts; a recipe goes by its own `name`. @throws EosinError as `parseRecipe`. */
export function recipeBook(texts: readonly string[]): RecipeBook {
  const recipes = texts.map(parseRecipe);
  return new Map(recipes.map((recipe) => [recipe.name, recipe]));
}

/** @throws EosinError `recipe/unknown` that names the nearest one. */
export function findRecipe(book: RecipeBook, name: string): Recipe {
  const recipe = book.get(name);
  if (recipe) return recipe;
  const names = [...book.keys()];
  throw new EosinError('recipe/unknown', 'usage', `There is no recipe '${name}'.`, {
    remedy: `Did you mean '${nearest(name, names)}'? There are: ${names.join(', ')}.`,
    fields: { name },
  });
}

/** @throws EosinError `recipe/not-json`, `recipe/unknown-key` or `recipe/invalid`, each naming the field. */
export function parseRecipe(text: string): Recipe {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new EosinError('recipe/not-json', 'usage', 'The recipe is not valid JSON.', {
      remedy: "Compare it with 'eosin recipes show quick'.",
      cause,
    });
  }
  return checkRecipe(value);
}

/** A recipe from any value, defaults filled in. @throws EosinError `recipe/unknown-key` or `recipe/invalid`. */
export function checkRecipe(value: unknown): Recipe {
  const parsed = recipeSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw errorOf(parsed.error.issues);
}

/**
 * The recipe with changes such as `batchSize=16`, `phases.fine-tune.epochs=4`, `phases.0.schedule.kind=constant` or
 * `augment=null`: a dotted path, then JSON or plain text. A phase is named by its number or its name.
 *
 * @throws EosinError `recipe/unknown-key` with the nearest valid key, `recipe/invalid`, `recipe/bad-setting`.
 */
export function applySettings(recipe: Recipe, settings: readonly string[]): Recipe {
  const changed = structuredClone(recipe) as Tree;
  for (const setting of settings) applySetting(changed, setting);
  return checkRecipe(changed);
}

interface Tree {
  [key: string]: unknown;
}

function applySetting(root: Tree, setting: string): void {
  const split = setting.indexOf('=');
  const keys = setting.slice(0, Math.max(split, 0)).split('.');
  if (split < 1 || keys.some((key) => key === '')) {
    throw new EosinError('recipe/bad-setting', 'usage', `'${setting}' is not of the form key=value.`, {
      remedy: 'Write for example --set batchSize=16 or --set phases.head.epochs=10.',
      fields: { setting },
    });
  }
  let at: Tree = root;
  const path: string[] = [];
  for (const key of keys.slice(0, -1)) {
    const step = placeOf(at, key);
    const next = at[step];
    path.push(step);
    // A part that is switched off (null) or absent is made when something in it is set.
    if ((next === null || next === undefined) && recipeKeysAt(path).length > 0) at[step] = {};
    else if (typeof next !== 'object' || next === null) throw unknownKey(keys.slice(0, path.length + 1));
    at = at[step] as Tree;
  }
  const last = placeOf(at, keys.at(-1)!);
  const value = settingValue(setting.slice(split + 1));
  if (last === 'kind') {
    // Another kind (of schedule, of augmentation) has other fields.
    const known = recipeKeysAt(path, value);
    for (const key of Object.keys(at)) if (!known.includes(key)) delete at[key];
  }
  at[last] = value;
}

/** A list's element by number or by its `name`; anything else as it stands. */
function placeOf(at: Tree, key: string): string {
  if (!Array.isArray(at) || /^\d+$/.test(key)) return key;
  const index = (at as { name?: unknown }[]).findIndex((element) => element.name === key);
  if (index >= 0) return String(index);
  const names = (at as { name?: unknown }[]).map((element) => String(element.name));
  throw new EosinError('recipe/unknown-key', 'usage', `The recipe has no phase '${key}'.`, {
    remedy: `Did you mean '${nearest(key, names)}'? There are: ${names.join(', ')}.`,
    fields: { key },
  });
}

function settingValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

type Issue = z.core.$ZodIssue;

function errorOf(issues: readonly Issue[]): EosinError {
  const issue = issues[0]!;
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') return unknownKey([...path, issue.keys[0]!]);
  const field = path.join('.') || 'recipe';
  if (issue.code === 'custom') return conflict(field, issue.message);
  return new EosinError('recipe/invalid', 'usage', `The recipe's ${field} is not right: ${issue.message}.`, {
    remedy: `Change ${field}; 'eosin recipes show quick' is an example that works.`,
    fields: { field },
  });
}

/** Two choices that do not go together; the message names the way out. */
function conflict(field: string, why: string): EosinError {
  return new EosinError('recipe/conflict', 'usage', `The recipe's ${field} does not go with the rest.`, {
    remedy: `${why[0]!.toUpperCase()}${why.slice(1)}.`,
    fields: { field },
  });
}

function unknownKey(path: readonly string[]): EosinError {
  const key = path.at(-1)!;
  const known = recipeKeysAt(path.slice(0, -1));
  const best = nearest(key, known);
  const parent = path.slice(0, -1).join('.');
  const remedy =
    best === null
      ? `'${parent}' is a value of its own and has no parts.`
      : `Did you mean '${[...path.slice(0, -1), best].join('.')}'? Known there: ${known.join(', ')}.`;
  return new EosinError('recipe/unknown-key', 'usage', `A recipe has no key '${path.join('.')}'.`, {
    remedy,
    fields: { key: path.join('.'), nearest: best },
  });
}

/** The candidate that begins with `word`, else that of the smallest edit distance (Levenshtein); capitals do not count. */
function nearest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const [a, b] = [word.toLowerCase(), candidate.toLowerCase()];
    const distance = b.startsWith(a) ? 0 : editDistance(a, b);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, change));
    }
    row = next;
  }
  return row[b.length]!;
}
