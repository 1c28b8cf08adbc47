/** Probabilities of patches that lie in a packed store already: its pieces are the slots of the worker. */
import { createEta } from '../core/progress.ts';
import { decodeProbabilities } from '../inference/predict-loop.ts';
import type { OpenedModel } from '../passports/model-folder.ts';
import type { PatchStoreRef } from './job-spec.ts';
import type { Emit } from './live-runs.ts';
import type { RunDeps } from './run-deps.ts';
import { startWorkerRun } from './worker-run.ts';

const batchSize = 64;

/** Probabilities [count, classes] in the store's order; the store must have no margin. */
export async function predictStore(
  deps: RunDeps,
  store: PatchStoreRef,
  model: OpenedModel,
  emit: Emit,
  signal: AbortSignal,
): Promise<Float32Array> {
  const classCount = model.passport.classes.length;
  const out = new Float32Array(store.count * classCount);
  const eta = createEta();
  let done = 0;
  const run = startWorkerRun(
    deps.startProcess,
    {
      kind: 'predict',
      onnxFiles: [model.onnxFile],
      threads: deps.threads,
      batchSize,
      sizePx: store.sizePx,
      classCount,
      slotFile: store.file,
    },
    (message) => {
      if (message.type !== 'batch-done') return;
      const values = decodeProbabilities(message.probabilities);
      out.set(values, message.slot * batchSize * classCount);
      done += values.length / classCount;
      emit({
        type: 'progress',
        stage: 'Evaluate',
        done,
        total: store.count,
        unit: 'patches',
        etaSeconds: eta.after(done, store.count),
      });
    },
    signal,
  );
  for (let slot = 0; slot * batchSize < store.count; slot++) {
    run.send({ type: 'batch', slot, id: slot, count: Math.min(batchSize, store.count - slot * batchSize) });
  }
  run.send({ type: 'finish' });
  await run.ended;
  return out;
}
