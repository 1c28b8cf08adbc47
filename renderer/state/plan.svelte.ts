/** What a training run would get now: asked once for labels, split and recipe as they are, shared by Patches and Train. */
import { type ErrorReport, reportOf } from '../../app/core/errors.ts';
import type { Recipe } from '../../app/core/recipe.ts';
import type { PlanSummary } from '../../app/core/run.ts';
import { api, type PatchPreview } from './api.ts';
import { layout } from './layout.svelte.ts';
import { attempt } from './notices.svelte.ts';
import { workspace } from './workspace.svelte.ts';

class Plan {
  recipes = $state.raw<readonly Recipe[]>([]);
  summary = $state.raw<PlanSummary | null>(null);
  /** Why there is no plan: too few classes, no labels. A message in the panel, not over the window. */
  trouble = $state.raw<ErrorReport | null>(null);
  busy = $state(false);
  strip = $state.raw<{ classId: string; name: string; patches: readonly PatchPreview[]; total: number } | null>(null);
  stripBusy = $state(false);
  #asked = '';

  get recipe(): Recipe | null {
    return this.recipes.find(({ name }) => name === layout.recipe) ?? this.recipes[0] ?? null;
  }

  async loadRecipes(): Promise<void> {
    if (this.recipes.length > 0) return;
    await attempt(async () => {
      this.recipes = (await api.recipes()).recipes;
    });
  }

  /** Asks again only when something changed since. */
  async refresh(): Promise<void> {
    const recipe = this.recipe;
    if (!recipe || !workspace.project) return;
    const key = `${workspace.project.id} ${workspace.planVersion} ${recipe.name}`;
    if (key === this.#asked) return;
    this.#asked = key;
    this.busy = true;
    try {
      const summary = await api.plan(recipe.name);
      if (this.#asked !== key) return;
      this.summary = summary;
      this.trouble = null;
    } catch (error) {
      if (this.#asked !== key) return;
      this.summary = null;
      this.trouble = reportOf(error);
    } finally {
      if (this.#asked === key) this.busy = false;
    }
    // Planning gives patients that are new their part: it is part of the project then.
    if (workspace.slides.some((slide) => slide.part === null)) await attempt(() => workspace.refresh());
  }

  async openStrip(classId: string, name: string): Promise<void> {
    const recipe = this.recipe;
    if (!recipe) return;
    this.strip = { classId, name, patches: [], total: 0 };
    this.stripBusy = true;
    await attempt(async () => {
      const { patches, total } = await api.previewPatches(classId, recipe.name, 36);
      if (this.strip?.classId === classId) this.strip = { classId, name, patches, total };
    });
    this.stripBusy = false;
  }
}

export const plan = new Plan();
