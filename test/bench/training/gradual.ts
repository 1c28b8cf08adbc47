/**
 * `gradual-unfreezing` against its own probe, the one on the last layer that its ladder starts from: on the mosaics as a project,
 * and on lung3 in five folds by photograph.
 */
import { foldPlans, spreadOf } from '../../../app/jobs/cross-validate.ts';
import { planFolders } from '../../../app/jobs/plan-folders.ts';
import type { TrainPlan } from '../../../app/jobs/train-plan.ts';
import { probeRecipe } from './bare-probe.ts';
import { lung3Folders } from './lung3.ts';
import { openMosaicProject, planMosaics } from './mosaic-project.ts';
import { pairOf, type Score, scoreOf } from './score.ts';
import { benchRecipe, eventsOf, type TrainingBench, trainOnce } from './training-bench.ts';

const backbones = ['mobilenet-v2', 'efficientnet-lite0'];
const folds = 5;

interface Compared {
  readonly rungs: readonly string[];
  readonly gradual: Parts;
  readonly probe: Parts;
}

interface Parts {
  readonly validation: Score;
  readonly test: Score;
}

export async function benchGradual(bench: TrainingBench): Promise<void> {
  await openMosaicProject(bench);
  for (const backbone of backbones) {
    const plan = await planMosaics(bench, recipeOn(bench, backbone));
    // Two projects of the same slides differ in their ids, not in their patches.
    const { rungs, gradual, probe } = await bench.kept.once(`gradual/mosaics/${backbone}`, () => compare(bench, plan));
    console.log(`  mosaics, ${backbone}: rungs kept ${rungs.join(', ') || 'none'}`);
    for (const part of ['validation', 'test'] as const) {
      console.log(`    ${part === 'test' ? 'D' : 'C'}: ${pairOf(gradual[part])}; probe ${pairOf(probe[part])}`);
    }
  }
  for (const backbone of backbones) {
    const plans = foldPlans(await planFolders(lung3Folders(bench), recipeOn(bench, backbone), true), folds);
    const all: Compared[] = [];
    for (const [i, plan] of plans.entries()) {
      const compared = await bench.kept.once(`gradual/lung3/${plan.planHash}`, () => compare(bench, plan));
      const { rungs, gradual, probe } = compared;
      all.push(compared);
      const kept = rungs.join(', ') || 'none';
      console.log(
        `  lung3 ${backbone} fold ${i + 1}: ${pairOf(gradual.test)}; probe ${pairOf(probe.test)}; rungs kept ${kept}`,
      );
    }
    tellGain(backbone, all);
  }
}

const recipeOn = (bench: TrainingBench, backbone: string) =>
  benchRecipe(bench, 'gradual-unfreezing', [`backbone=${backbone}`]);

async function compare(bench: TrainingBench, plan: TrainPlan): Promise<Compared> {
  const trained = await trainOnce(bench, plan);
  const probe = await trainOnce(bench, { ...plan, recipe: probeRecipe(plan.recipe, 'last') });
  const rungs = eventsOf(trained, 'rung').filter(({ kept }) => kept);
  return { rungs: rungs.map(({ phase }) => phase), gradual: partsOf(trained), probe: partsOf(probe) };
}

function partsOf({ outcome: { validation, test } }: Awaited<ReturnType<typeof trainOnce>>): Parts {
  return { validation: scoreOf(validation!), test: scoreOf(test!) };
}

function tellGain(backbone: string, all: readonly Compared[]): void {
  for (const what of ['accuracy', 'loss'] as const) {
    const own = spreadOf(all.map(({ gradual }) => gradual.test[what]));
    const probe = spreadOf(all.map((one) => one.probe.test[what]));
    const gain = spreadOf(all.map((one) => one.gradual.test[what] - one.probe.test[what]));
    console.log(
      `  lung3 ${backbone} ${what}: ${own.mean.toFixed(4)}, probe ${probe.mean.toFixed(4)}, difference ${gain.mean.toFixed(4)} ` +
        `(standard error over folds ${(gain.deviation / Math.sqrt(all.length)).toFixed(4)})`,
    );
  }
}
