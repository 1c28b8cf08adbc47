/**
 * `npm run bench training [-- PART ...]`: what fine-tuning is worth, on the real patches of EOSIN_DATA and through the app's own
 * job processes. Accuracies do not depend on what else the machine does; results of `lung3` and `gradual` are kept as they come.
 */
import { benchEstimate } from './training/estimate.ts';
import { benchGradual } from './training/gradual.ts';
import { benchKeras } from './training/keras.ts';
import { benchLung3 } from './training/lung3.ts';
import { benchPresets } from './training/presets.ts';
import { type TrainingBench, withTrainingBench } from './training/training-bench.ts';

const parts: Record<string, (bench: TrainingBench) => Promise<void>> = {
  lung3: benchLung3,
  gradual: benchGradual,
  keras: benchKeras,
  presets: benchPresets,
  estimate: benchEstimate,
};

export async function benchTraining(wanted: readonly string[]): Promise<void> {
  const unknown = wanted.find((name) => !(name in parts));
  if (unknown) {
    console.error(`  There is no part "${unknown}". There are: ${Object.keys(parts).join(', ')}.`);
    process.exit(64);
  }
  await withTrainingBench(async (bench) => {
    for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) {
      console.log(`  ${name}`);
      await parts[name]!(bench);
    }
  });
}
