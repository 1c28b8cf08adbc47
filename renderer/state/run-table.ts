/** Training runs as rows that can be sorted and compared. Pure. */
import type { ModelView, RunView } from '../../app/core/project.ts';
import type { Recipe } from '../../app/core/recipe.ts';
import type { JobState } from '../../app/core/run.ts';
import { foldsResultOf } from './fold-result.ts';
import { keptEpoch, type Story } from './run-story.ts';

export interface TrainingRow {
  readonly id: string;
  readonly createdAt: string;
  readonly state: JobState;
  readonly recipe: string;
  readonly backbone: string;
  readonly attach: string | null;
  readonly valLoss: number | null;
  /** Balanced accuracy on the validation patients, of the finished model; of a cross-validation its mean over the folds. */
  readonly accuracy: number | null;
  readonly epochs: number;
  /** Of its epochs. */
  readonly minutes: number | null;
  readonly engine: string | null;
}

export type SortKey = Exclude<keyof TrainingRow, 'id' | 'state'>;

export function trainingRow(
  run: RunView,
  state: JobState,
  story: Story,
  recipe: Recipe,
  model: ModelView | null,
): TrainingRow {
  const { epochs } = story;
  const attach = run.result?.attach;
  const folds = foldsResultOf(run);
  return {
    id: run.id,
    createdAt: run.createdAt,
    state,
    recipe: folds ? `${recipe.name}, ${folds.folds.length} folds` : recipe.name,
    backbone: recipe.backbone,
    attach: typeof attach === 'string' ? attach : (story.probe?.attach ?? null),
    valLoss: keptEpoch(story)?.valLoss ?? null,
    accuracy: model?.validation?.balancedAccuracy.value ?? folds?.balancedAccuracy.mean ?? null,
    epochs: epochs.length,
    minutes: epochs.length === 0 ? null : epochs.reduce((sum, { seconds }) => sum + seconds, 0) / 60,
    engine: story.engine?.id ?? null,
  };
}

/** What is not known stands last, whichever way the rest goes. */
export function sortedRows(rows: readonly TrainingRow[], key: SortKey, falling: boolean): TrainingRow[] {
  const way = falling ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [x, y] = [a[key], b[key]];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return way * (typeof x === 'string' ? x.localeCompare(String(y)) : x - Number(y));
  });
}
