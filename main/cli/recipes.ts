/** The recipes that come with the app. */
import { type RecipeField, recipeFields, valueWords } from '../../app/core/recipe-fields.ts';
import { findRecipe } from '../../app/training/recipe-book.ts';
import { withBackbone } from '../../app/weights/chosen-backbone.ts';
import { word } from './arguments.ts';
import type { Command } from './command.ts';

export const recipesList: Command = {
  name: 'recipes',
  usage: '',
  summary: 'The recipes that come with the app.',
  flags: {},
  async run({ terminal, app }) {
    const { recipes: shipped, backbones } = (await app()).services;
    const recipes = shipped.map((recipe) => withBackbone(recipe, backbones));
    terminal.result({ recipes: recipes.map(({ name, description, backbone }) => ({ name, description, backbone })) });
    if (!terminal.json) terminal.say(recipes.map(({ name, description }) => `${name}\n  ${description}`).join('\n'));
  },
};

export const recipesShow: Command = {
  name: 'recipes show',
  usage: 'NAME [--explain]',
  summary:
    'A recipe as JSON (save it, change it, give the file to train --recipe); --explain says what each field means.',
  flags: { explain: { type: 'boolean' } },
  async run({ words, flags, terminal, app }) {
    const { recipes } = (await app()).services;
    const recipe = findRecipe(new Map(recipes.map((one) => [one.name, one])), word(words, 0, 'NAME'));
    if (flags.explain) {
      const fields = recipeFields({ ...recipe });
      terminal.result({ fields: fields.map(({ path, off: _, ...field }) => ({ path: path.join('.'), ...field })) });
      if (!terminal.json) terminal.say(fields.map(explained).join('\n'));
    } else {
      terminal.result(recipe);
      if (!terminal.json) terminal.say(JSON.stringify(recipe, null, 2));
    }
  },
};

/** `batchSize = 32 patches`, then what it is, its choices and its default. */
function explained(field: RecipeField): string {
  const { path, description, choices, fallback, kind, unit } = field;
  const further = [
    ...(kind === 'choice' && choices.length > 1 ? [`One of ${choices.join(', ')}.`] : []),
    ...(fallback === undefined || fallback === '' || kind === 'part'
      ? []
      : [`Default: ${valueWords({ kind, unit, value: fallback })}.`]),
  ];
  return `${path.join('.')} = ${valueWords(field)}\n  ${[description, ...further].join(' ')}`;
}
