/** What the training runs of the project were started with. */
import type { Recipe } from '../../app/core/recipe.ts';
import { api } from './api.ts';
import { attempt } from './notices.svelte.ts';

class Trainings {
  #recipes = $state.raw<ReadonlyMap<string, Recipe>>(new Map());
  /** The table of runs is open. */
  shown = $state(false);

  recipeOf(runId: string): Recipe | null {
    return this.#recipes.get(runId) ?? null;
  }

  /** Asks again where a run is not known yet. */
  async load(runIds: readonly string[]): Promise<void> {
    if (runIds.every((id) => this.#recipes.has(id))) return;
    await attempt(async () => {
      const { trainings } = await api.trainings();
      this.#recipes = new Map(trainings.map(({ id, recipe }) => [id, recipe]));
    });
  }
}

export const trainings = new Trainings();
