/** What a training run would get now: asked once for labels, split and recipe as they are, shared by Patches and Train. */
import { type ErrorReport, reportOf } from '../../app/core/errors.ts';
import type { PatchRule } from '../../app/core/patch-quality.ts';
import type { Recipe } from '../../app/core/recipe.ts';
import type { PlanSummary } from '../../app/core/run.ts';
import { count } from '../ui/format.ts';
import { api, type Backbone, type PatchesShown, type PatchPreview } from './api.ts';
import { type Lacking, lackingWeights } from './lacking-weights.ts';
import { layout } from './layout.svelte.ts';
import { attempt, notices } from './notices.svelte.ts';
import { workspace } from './workspace.svelte.ts';

interface Strip {
  readonly classId: string;
  readonly name: string;
  readonly show: PatchesShown;
  readonly patches: readonly PatchPreview[];
  readonly total: number;
}

class Plan {
  recipes = $state.raw<readonly Recipe[]>([]);
  /** Names of those that the project keeps, and of those that leave the backbone to Eosin. */
  own = $state.raw<readonly string[]>([]);
  auto = $state.raw<readonly string[]>([]);
  backbones = $state.raw<readonly Backbone[]>([]);
  summary = $state.raw<PlanSummary | null>(null);
  /** Why there is no plan: too few classes, no labels. A message in the panel, not over the window. */
  trouble = $state.raw<ErrorReport | null>(null);
  busy = $state(false);
  strip = $state.raw<Strip | null>(null);
  /** While the focus of patches is measured: how far that is. */
  measuring = $state.raw<{ words: string; share: number | null; etaSeconds: number | null } | null>(null);
  #stop: AbortController | null = null;
  stripBusy = $state(false);
  #asked = '';

  get recipe(): Recipe | null {
    return this.recipes.find(({ name }) => name === layout.recipe) ?? this.recipes[0] ?? null;
  }

  /** Why this recipe cannot be trained here, or null. */
  lacking(recipe: Recipe): Lacking | null {
    return lackingWeights(recipe, this.backbones);
  }

  /** As it was written: with `auto` where it leaves the backbone to Eosin. */
  written(recipe: Recipe): Recipe {
    return this.auto.includes(recipe.name) ? { ...recipe, backbone: 'auto' } : recipe;
  }

  async removeRecipe(name: string): Promise<void> {
    await attempt(async () => {
      await api.removeRecipe(name);
      await this.loadRecipes();
    });
  }

  get rule(): PatchRule {
    return layout.patchRule;
  }

  /** What is no share from 0 to 1 stays as it was. */
  setRule(change: Partial<PatchRule>): void {
    const rule = { ...this.rule, ...change };
    if (![rule.maxPen, rule.minFocus].every((share) => share >= 0 && share <= 1)) return;
    layout.patchRule = rule;
    layout.remember();
  }

  async measure(): Promise<void> {
    const { recipe } = this;
    if (!recipe || this.#stop) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.measuring = { words: 'Measuring the focus', share: null, etaSeconds: null };
    try {
      for await (const event of api.measureFocus(recipe.name, stop.signal)) {
        if (event.type === 'failed') notices.report(event.error);
        if (event.type !== 'progress') continue;
        const words = `Measuring the focus: ${count(event.done)} of ${count(event.total)} patches`;
        this.measuring = { words, share: event.done / event.total, etaSeconds: event.etaSeconds };
      }
    } catch (error) {
      if (!stop.signal.aborted) notices.fail(error);
    }
    this.#stop = null;
    this.measuring = null;
    workspace.labelsChanged();
  }

  stopMeasuring(): void {
    this.#stop?.abort();
  }

  async loadRecipes(): Promise<void> {
    await attempt(async () => {
      // Weights may have come in since.
      const [{ backbones }, { recipes, own, auto }] = await Promise.all([api.backbones(), api.recipes()]);
      this.backbones = backbones;
      this.own = own;
      this.auto = auto;
      if (JSON.stringify(recipes) !== JSON.stringify(this.recipes)) this.recipes = recipes;
    });
  }

  /** Asks again only when something changed since. */
  async refresh(): Promise<void> {
    const recipe = this.recipe;
    if (!recipe || !workspace.project) return;
    const { rule } = this;
    const key = `${workspace.project.id} ${workspace.planVersion} ${JSON.stringify([recipe, rule])}`;
    if (key === this.#asked) return;
    this.#asked = key;
    this.busy = true;
    try {
      const summary = await api.plan(recipe.name, rule);
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

  async openStrip(classId: string, name: string, show: PatchesShown = 'all'): Promise<void> {
    const recipe = this.recipe;
    if (!recipe) return;
    const opened: Strip = { classId, name, show, patches: [], total: 0 };
    this.strip = opened;
    this.stripBusy = true;
    await attempt(async () => {
      const { patches, total } = await api.previewPatches(classId, recipe.name, 36, show, this.rule);
      if (this.strip === opened) this.strip = { ...opened, patches, total };
    });
    if (this.strip?.classId === classId && this.strip.show === show) this.stripBusy = false;
  }
}

export const plan = new Plan();
