/** `auto` in a recipe becomes the backbone of this computer before anything is planned, so that run and passport name it. */
import type { Recipe } from '../core/recipe.ts';
import type { BackboneLibrary } from './backbone-library.ts';

export function withBackbone(recipe: Recipe, backbones: Pick<BackboneLibrary, 'best'>): Recipe {
  return recipe.backbone === 'auto' ? { ...recipe, backbone: backbones.best() } : recipe;
}
