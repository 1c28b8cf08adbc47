/** A plan and a recipe in plain words. */
import type { Recipe } from '../../app/core/recipe.ts';
import type { PlanSummary } from '../../app/core/run.ts';
import { count, plural } from '../ui/format.ts';

/** '4 patients, 1,240 patches, 3 classes, no leakage' */
export function planWords(summary: PlanSummary): string {
  const patches = summary.classes.reduce((sum, one) => sum + one.train + one.validation + one.test, 0);
  const { train, validation, test, known } = summary.patients;
  const leak = known ? 'no leakage' : 'patients partly unknown';
  return `${plural(train + validation + test, 'patient')}, ${plural(patches, 'patch', 'patches')}, ${plural(summary.classes.length, 'class', 'classes')}, ${leak}`;
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
