/**
 * Five-fold cross-validation of `quick` on lung3, train and val pooled, folds by photograph, three seeds; beside it, on the same
 * folds, the linear probe at its best depth. Depth and penalty of the probe are chosen in each fold's training part alone.
 */
import path from 'node:path';
import { foldPlans, spreadOf } from '../../../app/jobs/cross-validate.ts';
import { type PatchFolders, planFolders } from '../../../app/jobs/plan-folders.ts';
import type { TrainPlan } from '../../../app/jobs/train-plan.ts';
import { probeRecipe } from './bare-probe.ts';
import { pairOf, type Score, scoreOf } from './score.ts';
import { benchRecipe, eventsOf, type TrainingBench, trainOnce } from './training-bench.ts';

const backbones = ['mobilenet-v2', 'efficientnet-lite0'];
const seeds = [1, 2, 3];
const folds = 5;

interface QuickScore {
  readonly attach: string;
  readonly bestDepth: string;
  readonly bestPhase: string;
  readonly quick: Score;
  readonly colour: number | null;
}

interface FoldScore extends QuickScore {
  readonly probe: Score;
}

export async function benchLung3(bench: TrainingBench): Promise<void> {
  const scores = new Map<string, FoldScore[]>(backbones.map((name) => [name, []]));
  for (const seed of seeds) {
    for (const backbone of backbones) {
      const recipe = benchRecipe(bench, 'quick', [`backbone=${backbone}`, `seed=${seed}`]);
      const plans = foldPlans(await planFolders(lung3Folders(bench), recipe, true), folds);
      for (const [i, plan] of plans.entries()) {
        const name = `${backbone} seed ${seed} fold ${i + 1}`;
        const key = `${name}/${plan.planHash}`;
        const own = await bench.kept.once(`lung3/${key}`, () => scoreQuick(bench, plan));
        const { bestDepth } = own;
        const probe = await bench.kept.once(`probe/${key}/${bestDepth}`, () => scoreProbe(bench, plan, bestDepth));
        const score = { ...own, probe };
        scores.get(backbone)!.push(score);
        console.log(`  ${name}: ${inWords(score)}`);
      }
    }
  }
  for (const [backbone, all] of scores) tellSpread(backbone, all);
}

/** train and val of lung3, each picture with its photograph. */
export function lung3Folders({ dataFolder }: Pick<TrainingBench, 'dataFolder'>): PatchFolders {
  const folder = path.join(dataFolder, 'patches', 'lung3');
  const [train, validation] = [path.join(folder, 'train'), path.join(folder, 'val')];
  return { train, validation, test: null, groups: path.join(folder, 'manifest.csv'), mpp: null };
}

async function scoreQuick(bench: TrainingBench, plan: TrainPlan): Promise<QuickScore> {
  const trained = await trainOnce(bench, plan);
  const { attach, bestPhase, test } = trained.outcome;
  const [probe] = eventsOf(trained, 'probe');
  const bestDepth = probe!.depths.reduce((a, b) => (b.loss < a.loss ? b : a)).group;
  return { attach, bestDepth, bestPhase, quick: scoreOf(test!), colour: test!.colourBaseline };
}

async function scoreProbe(bench: TrainingBench, plan: TrainPlan, depth: string): Promise<Score> {
  const { outcome } = await trainOnce(bench, { ...plan, recipe: probeRecipe(plan.recipe, depth) });
  return scoreOf(outcome.test!);
}

function inWords({ attach, bestDepth, bestPhase, quick, probe }: FoldScore): string {
  return `quick on ${attach}, ${bestPhase}: ${pairOf(quick)}; probe on ${bestDepth}: ${pairOf(probe)}`;
}

function tellSpread(backbone: string, all: readonly FoldScore[]): void {
  const words = (values: readonly number[]): string => {
    const { mean, deviation } = spreadOf(values);
    return `${mean.toFixed(4)} (spread over folds ${deviation.toFixed(4)})`;
  };
  const bySeed = seeds.map((_, s) =>
    spreadOf(all.slice(s * folds, (s + 1) * folds).map(({ quick }) => quick.accuracy)),
  );
  const gains = spreadOf(all.map(({ quick, probe }) => probe.loss - quick.loss));
  console.log(`  ${backbone}, ${all.length} folds`);
  console.log(`    quick: accuracy ${words(all.map(({ quick }) => quick.accuracy))}`);
  console.log(`      by seed ${bySeed.map(({ mean }) => mean.toFixed(4)).join(', ')}`);
  console.log(`      loss ${words(all.map(({ quick }) => quick.loss))}`);
  console.log(`    probe at its best depth: accuracy ${words(all.map(({ probe }) => probe.accuracy))}`);
  console.log(`      loss ${words(all.map(({ probe }) => probe.loss))}`);
  const error = gains.deviation / Math.sqrt(all.length);
  console.log(`    loss, probe - quick: ${gains.mean.toFixed(4)}, standard error over folds ${error.toFixed(4)}`);
  console.log(`    colour alone: balanced accuracy ${words(all.flatMap(({ colour }) => colour ?? []))}`);
}
