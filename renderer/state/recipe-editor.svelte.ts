/** The recipe that is being made: a draft that may be wrong, what is wrong with it, and where it is kept. */
import { recipeSchema } from '../../app/core/recipe.ts';
import {
  type RecipeDraft,
  type RecipeField,
  recipeFields,
  recipePages,
  recipeProblems,
  switched,
  withField,
} from '../../app/core/recipe-fields.ts';
import { saveFile } from '../ui/save-file.ts';
import { api } from './api.ts';
import { layout } from './layout.svelte.ts';
import { attempt, notices } from './notices.svelte.ts';
import { plan } from './plan.svelte.ts';

export type RecipePage = (typeof recipePages)[number]['id'];

class RecipeEditor {
  /** Null: the editor is closed. */
  draft = $state.raw<RecipeDraft | null>(null);
  #opened = $state.raw<RecipeDraft | null>(null);
  page = $state<RecipePage>('network');
  saving = $state(false);
  fields = $derived<readonly RecipeField[]>(this.draft ? recipeFields(this.draft) : []);
  problems = $derived<ReadonlyMap<string, string>>(this.draft ? this.#problemsOf(this.draft) : new Map());

  open(recipe: object, name: string): void {
    this.draft = { ...(recipe as RecipeDraft), name };
    this.#opened = this.draft;
    this.page = 'network';
  }

  /** Something would be lost. */
  get changed(): boolean {
    return this.draft !== this.#opened;
  }

  close(): void {
    this.draft = null;
  }

  /** Another recipe's choices under the draft's name. */
  startFrom(recipe: object): void {
    if (this.draft) this.draft = { ...(recipe as RecipeDraft), name: this.draft.name };
  }

  set(path: readonly string[], value: unknown): void {
    if (this.draft) this.draft = withField(this.draft, path, value);
  }

  switch(field: RecipeField, on: boolean): void {
    if (this.draft) this.draft = switched(field, this.draft, on);
  }

  get phases(): readonly RecipeDraft[] {
    return Array.isArray(this.draft?.phases) ? (this.draft.phases as RecipeDraft[]) : [];
  }

  /** Like the last one, a group further down at a tenth of its rate. */
  addPhase(): void {
    const last = this.phases.at(-1) ?? { unfreeze: 0, epochs: 10, learningRate: 1e-3 };
    const { unfreeze, learningRate } = last;
    const next = {
      ...last,
      name: `phase-${this.phases.length + 1}`,
      unfreeze: typeof unfreeze === 'number' ? unfreeze + 1 : unfreeze,
      learningRate: typeof learningRate === 'number' ? Number((learningRate / 10).toPrecision(3)) : learningRate,
    };
    this.set(['phases'], [...this.phases, next]);
  }

  removePhase(at: number): void {
    this.set(['phases'], this.phases.toSpliced(at, 1));
  }

  /** The page that a field stands on. */
  pageOf(path: string): RecipePage {
    const key = path.split('.')[0]!;
    return recipePages.find((page) => (page.keys as readonly string[]).includes(key))?.id ?? 'network';
  }

  async importFile(file: File): Promise<void> {
    try {
      const found = JSON.parse(await file.text()) as unknown;
      if (typeof found !== 'object' || found === null || Array.isArray(found)) throw new SyntaxError('no object');
      this.draft = found as RecipeDraft;
    } catch {
      notices.report({
        code: 'recipe/not-json',
        kind: 'input',
        message: `${file.name} is no recipe.`,
        remedy: 'Choose a JSON file that Eosin saved, or one of eosin recipes show NAME.',
        fields: {},
      });
    }
  }

  /** As `eosin train --recipe FILE.json` takes it. */
  export(): void {
    const { data } = recipeSchema.safeParse(this.draft);
    if (data) saveFile(`${data.name}.json`, `${JSON.stringify(data, null, 2)}\n`, 'application/json');
  }

  /** Keeps it in the project and chooses it. */
  async save(): Promise<void> {
    const { data } = recipeSchema.safeParse(this.draft);
    if (!data) return;
    this.saving = true;
    const kept = await attempt(async () => {
      await api.saveRecipe(data);
      await plan.loadRecipes();
      layout.recipe = data.name;
      layout.remember();
    });
    this.saving = false;
    if (kept) this.close();
  }

  #problemsOf(draft: RecipeDraft): ReadonlyMap<string, string> {
    const problems = new Map(recipeProblems(draft));
    const { name } = draft;
    if (!problems.has('name') && plan.recipes.some((one) => one.name === name && !plan.own.includes(one.name)))
      problems.set('name', 'A recipe that comes with Eosin has this name.');
    return problems;
  }
}

export const recipeEditor = new RecipeEditor();
