/** The plan's patches as training uses them: capped, by part, and refused where nothing honest can come of them. */
import { EosinError } from '../core/errors.ts';
import type { Recipe } from '../core/recipe.ts';
import { assertNoLeak } from '../patches/leak.ts';
import { capPerClass } from '../patches/sampling.ts';
import type { PlannedPatch } from './ports.ts';

export interface TrainingData {
  readonly classNames: readonly string[];
  readonly train: readonly PlannedPatch[];
  readonly validation: readonly PlannedPatch[];
  /** May be empty. Looked at once, after the last choice. */
  readonly test: readonly PlannedPatch[];
  readonly patientsKnown: boolean;
}

/** The group of each patch for clustered errors and folds: its patient, or itself where patients are unknown. */
export function groupsOf(
  patches: readonly PlannedPatch[],
  { patientsKnown }: Pick<TrainingData, 'patientsKnown'>,
): string[] {
  return patches.map(({ patient, index }) => (patientsKnown ? patient : String(index)));
}

/** @throws EosinError `split/leak`, `train/empty-class`, `train/one-class`, `train/no-validation` */
export function trainingData(
  patches: readonly PlannedPatch[],
  classNames: readonly string[],
  recipe: Pick<Recipe, 'capPerClass' | 'seed'>,
  patientsKnown: boolean,
): TrainingData {
  if (patientsKnown) assertNoLeak(patches);
  const part = (name: PlannedPatch['part']): PlannedPatch[] => patches.filter((patch) => patch.part === name);
  const all = part('train');
  if (classNames.length < 2) {
    throw new EosinError('train/one-class', 'input', 'Training needs patches of at least two classes.', {
      remedy: 'Label regions of a second class, on slides of at least two patients.',
    });
  }
  for (const [index, name] of classNames.entries()) {
    if (all.some(({ classIndex }) => classIndex === index)) continue;
    throw new EosinError('train/empty-class', 'input', `The class '${name}' has no training patch.`, {
      remedy: `Label regions of '${name}' on a training slide, or leave the class out.`,
      fields: { class: name },
    });
  }
  const validation = part('validation');
  if (validation.length === 0) {
    throw new EosinError(
      'train/no-validation',
      'input',
      'There is no validation patch to choose the best epoch with.',
      {
        remedy: 'Label regions on the slides of at least one more patient.',
      },
    );
  }
  const kept = capPerClass(all, recipe.capPerClass, recipe.seed);
  const train = Array.from(kept, (position) => all[position]!);
  return { classNames, train, validation, test: part('test'), patientsKnown };
}
