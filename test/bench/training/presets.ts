/**
 * The classic set-ups and their twins end to end on lung3 as its folders split it: curves told, model saved, opened and equal to
 * its layers model. Long ones are cut short. Formula weights are for tests, so a preset without its weights has to refuse by name.
 */
import { reportOf } from '../../../app/core/errors.ts';
import type { Recipe } from '../../../app/core/recipe.ts';
import { planFolders } from '../../../app/jobs/plan-folders.ts';
import { lung3Folders } from './lung3.ts';
import { benchRecipe, eventsOf, type TrainingBench, trainOnce } from './training-bench.ts';

const classics = ['frozen-resnet50', 'vgg16-top', 'augmented'];
const mostEpochs = 5;

export async function benchPresets(bench: TrainingBench): Promise<void> {
  for (const name of classics.flatMap((classic) => [classic, `${classic}-light`])) {
    const given = benchRecipe(bench, name, []);
    const epochs = given.phases.map((phase) => Math.min(phase.epochs, mostEpochs));
    const recipe = benchRecipe(
      bench,
      name,
      epochs.map((count, p) => `phases.${p}.epochs=${count}`),
    );
    console.log(`  ${name}: ${await endToEnd(bench, recipe, epochs)}`);
  }
}

async function endToEnd(bench: TrainingBench, recipe: Recipe, epochs: readonly number[]): Promise<string> {
  try {
    const trained = await trainOnce(bench, await planFolders(lung3Folders(bench), recipe));
    const told = eventsOf(trained, 'epoch');
    const { passport, outcome } = trained;
    const [first, last] = [told[0]!, told.at(-1)!];
    const curve = `validation loss ${first.valLoss.toFixed(3)} to ${last.valLoss.toFixed(3)}`;
    const accuracy = outcome.validation!.accuracy.value.toFixed(3);
    return (
      `${told.length} epochs told (${epochs.join(' + ')} asked for), ${curve}; model ${passport.backbone.name} saved, ` +
      `accuracy ${accuracy}, ONNX within ${outcome.parity.toExponential(1)}, ${trained.seconds.toFixed(0)} s`
    );
  } catch (thrown) {
    const { code, message, remedy } = reportOf(thrown);
    return `not run, ${code}: ${message} ${remedy}`;
  }
}
