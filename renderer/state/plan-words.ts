/** A plan and a recipe in plain words. */
import type { Recipe } from '../../app/core/recipe.ts';
import type { PlanSummary } from '../../app/core/run.ts';
import type { TrainingCost } from '../../app/core/training-cost.ts';
import { bytes, count, duration, plural } from '../ui/format.ts';

/** '4 patients, 1,240 patches, 3 classes, no leakage' */
export function planWords(summary: PlanSummary): string {
  const patches = summary.classes.reduce((sum, one) => sum + one.train + one.validation + one.test, 0);
  const { train, validation, test, known } = summary.patients;
  const leak = known ? 'no leakage' : 'patients partly unknown';
  return `${plural(train + validation + test, 'patient')}, ${plural(patches, 'patch', 'patches')}, ${plural(summary.classes.length, 'class', 'classes')}, ${leak}`;
}

/** Fewer patches of a class in a part say little. */
const fewPatches = 30;

/** What the result will stand on too few feet for, class by class: 'Squamous: 14 patches of one patient in validation'. */
export function thinWords({ classes, patients }: PlanSummary): string[] {
  return (['train', 'validation', 'test'] as const).flatMap((part) =>
    classes.flatMap(({ name, [part]: patches, patientsOf }) => {
      if (patches === 0) return [];
      const where = part === 'train' ? 'training' : part;
      const words = plural(patches, 'patch', 'patches');
      if (patients.known && patientsOf?.[part] === 1) return [`${name}: ${words} of one patient in ${where}`];
      return patches < fewPatches ? [`${name}: only ${words} in ${where}`] : [];
    }),
  );
}

/** The check that nobody stands on both sides, in words. */
export function leakWords({ patients: { known, train, validation, test } }: PlanSummary): string {
  const parts = `${plural(train, 'patient')} to learn from, ${count(validation)} to judge by${test > 0 ? `, ${count(test)} for the test` : ', none for a test'}`;
  return known
    ? `${parts}; nobody is in two parts.`
    : `${parts}. Some slides have no patient: each counts as a patient of its own, so nobody can say that none is in two parts.`;
}

/** 'about 12 min at the most'; null where no speed is known. */
export function costWords({ seconds, cacheBytes, memoryBytes }: TrainingCost, storeBytes: number): string {
  const time =
    seconds === null
      ? 'How long it takes is said once the speed of this computer is measured'
      : `About ${duration(seconds)} at the most, less where a phase stops early`;
  return `${time}. About ${bytes(storeBytes + cacheBytes)} of disk and ${bytes(memoryBytes)} of memory while it trains.`;
}

/** The recipe's choices, one line each. */
export function recipeLines(recipe: Recipe): readonly (readonly [string, string])[] {
  const attach = recipe.attach === 'auto' ? 'where the depth probe finds it best' : recipe.attach;
  const phases = recipe.phases.map(
    (phase) =>
      `${phase.name}: ${learningWords(phase.unfreeze)}, ` +
      `up to ${plural(phase.epochs, 'epoch')}, rate ${phase.learningRate.toExponential(0)}`,
  );
  const ladder = recipe.ladder
    ? [
        `then up to ${plural(recipe.ladder.groups, 'group')} further down, one at a time, rate ${recipe.ladder.learningRate.toExponential(0)}`,
      ]
    : [];
  return [
    ['Network', recipe.backbone],
    ['Head grows on', attach],
    [
      'Patches',
      `${recipe.input.sizePx} × ${recipe.input.sizePx} px${recipe.input.mpp ? ` at ${recipe.input.mpp} µm` : ', the coarsest slide’s µm'}`,
    ],
    ['Colours', recipe.input.colour === 'srgb' ? 'through each slide’s profile' : 'as scanned'],
    ...[...phases, ...ladder].map((words, index) => [index === 0 ? 'Phases' : '', words] as const),
    [
      'Batch',
      `${count(recipe.batchSize)} patches, ${recipe.sampling === 'balanced' ? 'classes balanced' : 'shuffled'}`,
    ],
    ['Variation', variationWords(recipe)],
    ['Seed', String(recipe.seed)],
  ];
}

function learningWords(unfreeze: Recipe['phases'][number]['unfreeze']): string {
  if (unfreeze === 0) return 'the head alone';
  return unfreeze === 'all' ? 'the whole network' : `the head and ${plural(unfreeze, 'group')} below it`;
}

function variationWords({ augment, views }: Recipe): string {
  if (augment === null) return 'none';
  const how =
    augment.kind === 'keras'
      ? 'turned, shifted, sheared, zoomed and flipped as Keras does, edges smeared'
      : 'turned, flipped, zoomed, stain varied';
  return `${how}; ${plural(views, 'view')} a patch`;
}
