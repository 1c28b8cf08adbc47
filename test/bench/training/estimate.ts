/**
 * The time told before the start (core/training-cost.ts, from the speeds that `eosin doctor` measures) against what runs took, on
 * lung3 as its folders split it: speeds and runs of one engine directly after one another, so that both meet the same machine.
 */
import { trainingCost } from '../../../app/core/training-cost.ts';
import type { EngineReport } from '../../../app/engine/engine.ts';
import { planFolders } from '../../../app/jobs/plan-folders.ts';
import { tryEngine } from '../../../app/jobs/survey-engines.ts';
import type { TrainPlan } from '../../../app/jobs/train-plan.ts';
import { networkMap } from '../../../app/weights/network-map.ts';
import { lung3Folders } from './lung3.ts';
import { benchRecipe, eventsOf, type TrainingBench, trainOnce } from './training-bench.ts';

const engines = ['native-cpu', 'wasm'] as const;
const runs: readonly { readonly recipe: string; readonly settings: readonly string[] }[] = [
  { recipe: 'frozen-resnet50-light', settings: [] },
  { recipe: 'vgg16-top-light', settings: ['phases.0.epochs=5'] },
  { recipe: 'quick', settings: ['backbone=mobilenet-v2'] },
  { recipe: 'quick', settings: ['backbone=mobilenet-v2', 'attach=block_8'] },
  { recipe: 'full', settings: ['phases.head.epochs=2', 'phases.all.epochs=1', 'renewViews=null'] },
];

export async function benchEstimate(bench: TrainingBench): Promise<void> {
  for (const engine of engines) {
    const { startProcess, threads } = bench.deps;
    const measure = (id: EngineReport['id']) => tryEngine(startProcess, id, threads, new AbortController().signal);
    const training = await measure(engine);
    const inference = await measure('onnxruntime');
    if (!training.usable || !training.trainPerSecond || !training.forwardPerSecond || !inference.forwardPerSecond) {
      console.log(`  ${engine}: not measured, the engine is not there`);
      continue;
    }
    const speeds = {
      trainPerSecond: training.trainPerSecond,
      forwardPerSecond: training.forwardPerSecond,
      inferencePerSecond: inference.forwardPerSecond,
    };
    const words = Object.values(speeds).map((speed) => speed.toFixed(1));
    console.log(`  ${engine}: ${words.join(', ')} images/s (training, forward, inference)`);
    for (const { recipe: name, settings } of runs) {
      const recipe = benchRecipe(bench, name, settings);
      const plan = await planFolders(lung3Folders(bench), recipe);
      const count = (part: string): number => plan.patches.filter((patch) => patch.part === part).length;
      const { groups } = networkMap(recipe.backbone, recipe.input.sizePx)!;
      const counts = { train: count('train'), validation: count('validation') };
      const told = trainingCost({ recipe, groups, ...counts, speeds, engineId: engine }).seconds!;
      console.log(
        `    ${[name, ...settings].join(' ')}: told ${told.toFixed(1)} s, ${await took({ ...bench, engine }, plan, told)}`,
      );
    }
  }
}

/** The whole run, and its stages: until the head is there, filling and learning, saving and judging. */
async function took(bench: TrainingBench, plan: TrainPlan, told: number): Promise<string> {
  const trained = await trainOnce(bench, plan);
  const [engine] = eventsOf(trained, 'engine');
  const epochs = eventsOf(trained, 'epoch');
  const learning = epochs.reduce((sum, { seconds }) => sum + seconds, 0);
  const started = engine!.atSeconds;
  const ended = trained.seconds - epochs.at(-1)!.atSeconds;
  const between = trained.seconds - started - learning - ended;
  return (
    `took ${trained.seconds.toFixed(1)} s, told / took ${(told / trained.seconds).toFixed(2)}: start ${started.toFixed(1)}, ` +
    `probe and caches ${between.toFixed(1)}, ${epochs.length} epochs ${learning.toFixed(1)}, saved and judged ${ended.toFixed(1)}`
  );
}
