/** The recipes that come with the app. */
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
  usage: 'NAME',
  summary: 'A recipe as JSON; save it, change it, and give the file to train --recipe.',
  flags: {},
  async run({ words, terminal, app }) {
    const { recipes } = (await app()).services;
    const recipe = findRecipe(new Map(recipes.map((one) => [one.name, one])), word(words, 0, 'NAME'));
    terminal.result(recipe);
    if (!terminal.json) terminal.say(JSON.stringify(recipe, null, 2));
  },
};
