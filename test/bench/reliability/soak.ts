/**
 * A hundred epochs of a head: tensors and memory of the process that learns, epoch by epoch. JavaScript's garbage is collected
 * before each look: V8 leaves it lying while there is room, which is no leak.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { JobEvent } from '../../../app/core/run.ts';
import { applySettings } from '../../../app/training/recipe-book.ts';
import { train } from '../../../app/training/train.ts';
import { engine, ports, smallPatches, smallRecipe, specOf } from '../../training/fixtures/train-bench.ts';

const epochs = 100;
/** Epochs whose memory is averaged at either end; the first ones compile and fill caches. */
const window = 10;

export async function benchSoak(): Promise<void> {
  const recipe = applySettings(smallRecipe, [`phases.head.epochs=${epochs}`, 'phases.fine-tune.epochs=1']);
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const tensors: number[] = [];
  const residentMb: number[] = [];
  const onEvent = (event: JobEvent): void => {
    if (event.type !== 'epoch' || event.phase !== 'head') return;
    tensors.push(engine.tf.memory().numTensors);
    collectGarbage();
    residentMb.push(process.memoryUsage().rss / 1e6);
  };
  await train(specOf(recipe, smallPatches.patches), ports(smallPatches.source), onEvent, new AbortController().signal);
  await engine.close();
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const early = mean(residentMb.slice(window, 2 * window));
  const late = mean(residentMb.slice(-window));
  const same = new Set(tensors.slice(1)).size === 1;
  console.log(
    `  soak    ${tensors.length} epochs of a head: ${same ? `${tensors[1]} tensors throughout` : `tensors ${tensors.join(' ')}`}, ` +
      `resident ${early.toFixed(0)} MB in epochs 11-20, ${late.toFixed(0)} MB in the last ten (${(100 * (late / early - 1)).toFixed(1)} %)`,
  );
}
