/**
 * `quick` from its start to its best validation loss, against the same recipe in Keras 3 on TensorFlow without a cache, one after
 * the other in one run, on lung3 as its folders split it. MobileNetV2, the network that both have; the same weights.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { Recipe } from '../../../app/core/recipe.ts';
import { ladder } from '../../../app/engine/node.ts';
import { planFolders } from '../../../app/jobs/plan-folders.ts';
import { peerPython } from '../peer-python.ts';
import { writeKerasJob } from './keras-job.ts';
import { lung3Folders } from './lung3.ts';
import { benchRecipe, eventsOf, type TrainingBench, trainOnce } from './training-bench.ts';

const peers = ['tensorflow-cpu==2.21.0', 'keras==3.15.1'];
const engines = ['native-cpu', 'wasm'] as const;

/** What a run had reached when its validation loss was lowest. */
interface Best {
  readonly seconds: number;
  readonly phase: string;
  readonly epoch: number;
  readonly valLoss: number;
  readonly valAccuracy: number;
}

interface Own {
  readonly best: Best;
  readonly attach: string;
  /** Model saved and judged. */
  readonly whole: number;
}

export async function benchKeras(bench: TrainingBench): Promise<void> {
  const recipe = benchRecipe(bench, 'quick', ['backbone=mobilenet-v2']);
  const usable = new Set((await ladder()).filter((rung) => rung.usable).map(({ id }) => id as string));
  const own = new Map<string, Own>();
  for (const engine of engines) {
    if (!usable.has(engine)) continue;
    own.set(engine, await timeOwn({ ...bench, engine }, recipe));
    const { best, attach, whole } = own.get(engine)!;
    console.log(`  Eosin, ${engine}: ${inWords(best)}, head on ${attach}; saved and judged at ${whole.toFixed(1)} s`);
  }
  const python = peerPython('keras', peers);
  if (python === null) return;
  const [{ attach }] = [...own.values()] as [Own];
  const epochs = await timeKeras(bench, python, recipe, attach);
  const best = epochs.reduce((a, b) => (b.valLoss < a.valLoss ? b : a));
  console.log(`  Keras: ${inWords(best)}; ${epochs.length} epochs in ${epochs.at(-1)!.seconds.toFixed(1)} s`);
  for (const [engine, { best: ours }] of own) {
    const same = epochs.find(({ valLoss }) => valLoss <= ours.valLoss);
    const reached = same
      ? `Keras is there after ${same.seconds.toFixed(1)} s, ratio ${(ours.seconds / same.seconds).toFixed(3)}`
      : 'Keras never gets there';
    console.log(`  ${engine}: time to the best / Keras' ${(ours.seconds / best.seconds).toFixed(3)}`);
    console.log(`    to Eosin's validation loss of ${ours.valLoss.toFixed(4)}: ${reached}`);
  }
}

async function timeOwn(bench: TrainingBench, recipe: Recipe): Promise<Own> {
  const trained = await trainOnce(bench, await planFolders(lung3Folders(bench), recipe));
  const { bestPhase, bestEpoch, attach } = trained.outcome;
  const best = eventsOf(trained, 'epoch').find(({ phase, epoch }) => phase === bestPhase && epoch === bestEpoch)!;
  return { best: { ...best, seconds: best.atSeconds }, attach, whole: trained.seconds };
}

/** Every epoch of the Keras run. */
async function timeKeras(bench: TrainingBench, python: string, recipe: Recipe, attach: string): Promise<Best[]> {
  const folder = path.join(bench.scratch, 'keras');
  await writeKerasJob(bench, await planFolders(lung3Folders(bench), recipe), attach, folder);
  const script = path.join(import.meta.dirname, 'keras_quick.py');
  const output = execFileSync(python, [script, folder], { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 24 });
  const [head, ...epochs] = output
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { featureDifference: number } & Best);
  console.log(`  features of one picture, Keras against Eosin: ${head!.featureDifference.toExponential(1)} apart`);
  return epochs;
}

function inWords({ seconds, phase, epoch, valLoss, valAccuracy }: Best): string {
  return `best validation loss ${valLoss.toFixed(4)} (accuracy ${valAccuracy.toFixed(3)}) after ${seconds.toFixed(1)} s, epoch ${epoch} of ${phase}`;
}
