/**
 * `npm run bench reliability [-- kill|cancel|soak ...]`: a training that is killed, cancelled and left alone for a long time.
 * No peer and no timing to be proud of: what counts is what is left. EOSIN_ENGINES with a native engine adds a row to `kill`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cancelTraining } from '../jobs/fixtures/cancel-training.ts';
import { killTraining } from '../jobs/fixtures/kill-training.ts';
import { startTextureRun, textureSpec } from '../jobs/fixtures/texture-run.ts';

const parts: Record<string, (folder: string) => Promise<void>> = {
  kill: benchKill,
  cancel: benchCancel,
  // Opens an engine, whose threads would keep the other parts alive.
  soak: async () => (await import('./reliability/soak.ts')).benchSoak(),
};

export async function benchReliability(wanted: readonly string[]): Promise<void> {
  const unknown = wanted.find((name) => !(name in parts));
  if (unknown) {
    console.error(`  There is no part "${unknown}". There are: ${Object.keys(parts).join(', ')}.`);
    process.exit(64);
  }
  for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) {
    const folder = mkdtempSync(path.join(tmpdir(), 'eosin-bench-'));
    try {
      await parts[name]!(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** Twenty SIGKILLs, each with a new process after it: the files of the model against those of the unbroken run. */
async function benchKill(folder: string): Promise<void> {
  for (const engine of ['wasm', 'native-cpu'] as const) {
    const epochs = { headEpochs: 60, tuneEpochs: 60, engine };
    const whole = await startTextureRun(await textureSpec(path.join(folder, engine, 'whole'), epochs)).ended;
    if (!('files' in whole)) {
      if (whole.code !== 'engine/not-usable') throw whole;
      console.log(`  kill    ${engine}: left out. ${whole.message}`);
      continue;
    }
    const spec = await textureSpec(path.join(folder, engine, 'killed'), epochs);
    const { kills, middles, outcome } = await killTraining(spec, 20, 800, 1);
    const equal = JSON.stringify(outcome.files) === JSON.stringify(whole.files);
    console.log(
      `  kill    ${engine}: ${kills} kills, ${middles} times on in mid-epoch, ${equal ? 'equal to the bit' : 'DIFFERENT'}`,
    );
  }
}

async function benchCancel(folder: string): Promise<void> {
  const spec = await textureSpec(folder, { headEpochs: 999 });
  const { cancels, orphans, temporaryFiles, afterAnEpoch, bestKept, slowestMs } = await cancelTraining(
    spec,
    50,
    800,
    1,
  );
  console.log(
    `  cancel  ${cancels} cancels: ${orphans} orphans, ${temporaryFiles.length} temporary files, best weights after ` +
      `${bestKept} of ${afterAnEpoch}, the slowest ended within ${slowestMs.toFixed(0)} ms`,
  );
}
