/**
 * A training plan: which patches, of which class, in which part, and where their pixels come from.
 * Made from a project (plan-project.ts) or from folders of class folders (plan-folders.ts); frozen before anything runs.
 */
import { createHash } from 'node:crypto';
import { EosinError } from '../core/errors.ts';
import type { PatchRule } from '../core/patch-quality.ts';
import type { Recipe } from '../core/recipe.ts';
import type { PlanSummary } from '../core/run.ts';
import type { TissueChoice } from '../core/tissue-map.ts';
import { contextPxFor, patchStoreLayout } from '../patches/patch-store-format.ts';
import type { PlannedPatch } from '../training/ports.ts';
import type { LoosePictures, SlidePatches } from './cut-store.ts';

export interface TrainPlan {
  readonly recipe: Recipe;
  readonly classes: readonly { readonly name: string; readonly colour: string }[];
  readonly patches: readonly PlannedPatch[];
  readonly pixels:
    | { readonly kind: 'slides'; readonly slides: readonly SlidePatches[] }
    | ({ readonly kind: 'pictures' } & LoosePictures);
  readonly contextPx: number;
  readonly mpp: number | null;
  readonly stains: readonly string[];
  /** A class was labelled on bare glass, so prediction must not pass glass over. */
  readonly learnsGlass: boolean;
  readonly patientsKnown: boolean;
  /** What decided which labelled patches of slides are in the plan; null for loose pictures. */
  readonly selection: PatchSelection | null;
  readonly summary: PlanSummary;
  /** SHA-256 of patches, selection, split and recipe. */
  readonly planHash: string;
}

export interface PatchSelection {
  readonly rule: PatchRule;
  /** Of each slide, by its fingerprint. */
  readonly tissue: readonly ({ readonly fingerprint: string } & TissueChoice)[];
  readonly leftOut: { readonly pen: number; readonly blurred: number };
}

/** Margin that the recipe's augmentation needs; loose pictures have none. */
export function contextOf(recipe: Recipe): number {
  return contextPxFor(recipe.input.sizePx, recipe.augment);
}

/** Counts and warnings of a plan, for the eye and for the run's record. */
export function summarise(
  plan: Omit<TrainPlan, 'summary' | 'planHash'>,
  slides: number,
  warnings: readonly string[],
): PlanSummary {
  const count = (classIndex: number, part: PlannedPatch['part']): number =>
    plan.patches.filter((patch) => patch.classIndex === classIndex && patch.part === part).length;
  const patients = (keep: (patch: PlannedPatch) => boolean): number =>
    new Set(plan.patches.filter(keep).map((patch) => patch.patient)).size;
  return {
    classes: plan.classes.map(({ name }, classIndex) => ({
      name,
      train: count(classIndex, 'train'),
      validation: count(classIndex, 'validation'),
      test: count(classIndex, 'test'),
      patients: patients((patch) => patch.classIndex === classIndex),
      patientsOf: {
        train: patients((patch) => patch.classIndex === classIndex && patch.part === 'train'),
        validation: patients((patch) => patch.classIndex === classIndex && patch.part === 'validation'),
        test: patients((patch) => patch.classIndex === classIndex && patch.part === 'test'),
      },
    })),
    patients: {
      train: patients(({ part }) => part === 'train'),
      validation: patients(({ part }) => part === 'validation'),
      test: patients(({ part }) => part === 'test'),
      known: plan.patientsKnown,
    },
    slides,
    sizePx: plan.recipe.input.sizePx,
    mpp: plan.mpp,
    storeBytes: patchStoreLayout({
      count: plan.patches.length,
      sizePx: plan.recipe.input.sizePx,
      contextPx: plan.contextPx,
    }).bytes,
    warnings,
  };
}

export function hashPlan(plan: Omit<TrainPlan, 'summary' | 'planHash'>): string {
  const { recipe, classes, patches, mpp, selection } = plan;
  return createHash('sha256').update(JSON.stringify({ recipe, classes, patches, mpp, selection })).digest('hex');
}

/** Throws unless a network can learn from the plan: two classes to learn and patches to check it on. */
export function assertTrainable(summary: PlanSummary): void {
  const learnable = summary.classes.filter(({ train }) => train > 0);
  if (learnable.length < 2) {
    const found = learnable.map(({ name }) => name).join(', ') || 'none';
    throw new EosinError('plan/one-class', 'input', `Training needs patches of two classes; there are: ${found}.`, {
      remedy: 'Label regions of at least two classes in slides of the train part.',
      fields: { classes: learnable.length },
    });
  }
  const unchecked = summary.classes.filter(({ train, validation }) => train > 0 && validation === 0);
  if (unchecked.length > 0) {
    throw new EosinError(
      'plan/no-validation',
      'input',
      `No validation patch of ${unchecked.map(({ name }) => name).join(', ')}: nobody could tell whether training helps.`,
      {
        remedy: 'Label this class in slides of another patient, or move a patient to the validation part.',
        fields: { classes: unchecked.length },
      },
    );
  }
}
