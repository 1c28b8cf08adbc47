/**
 * A training run from its frozen spec to a model on disk:
 *
 *     probe the depths -> attach a head -> phases and rungs -> save -> judge the saved model
 *
 * A run that was cut off goes on after its last whole epoch when the same spec comes again.
 */
import type { JobEvent } from '../core/run.ts';
import type { TrainOutcome, TrainSpec } from '../jobs/job-spec.ts';
import { judgeModel } from './judge-model.ts';
import { runPhases } from './phases.ts';
import { type TrainPorts, withNetwork } from './prepare.ts';
import { saveModel } from './save-model.ts';

/**
 * Everything that is random follows from `spec.recipe.seed`. Choices (depth, epoch, rung) look at training and validation
 * patches only; the test part is read once, at the end.
 *
 * @throws EosinError `train/...` for what cannot be trained, `job/cancelled` on cancel: checkpoints stay then.
 */
export async function train(
  spec: TrainSpec,
  ports: TrainPorts,
  emit: (event: JobEvent) => void,
  signal: AbortSignal,
): Promise<TrainOutcome> {
  const { threads, recipe } = spec;
  const { backbone, weights, source, forward, sink } = ports;
  const onProgress = (done: number, total: number): void =>
    emit({ type: 'progress', stage: 'evaluation', done, total, unit: 'patches', etaSeconds: null });
  return await withNetwork(spec, ports, emit, signal, true, async ({ phases, network, attach, engine }) => {
    const { data, breathe } = phases;
    const best = await runPhases(phases);
    const golden = [...data.validation, ...data.train];
    const saved = await saveModel({ engine: phases.engine, network, source, forward, threads, sink, breathe }, golden);
    const { onnx } = saved;
    const judged = await judgeModel({ onnx, source, forward, threads, data, seed: recipe.seed, onProgress, breathe });
    return {
      attach,
      bestPhase: best.phase,
      bestEpoch: best.epoch,
      backbone: { name: backbone.name, sha256: weights.sha256, provenance: backbone.provenance },
      preprocessing: backbone.preprocessing,
      validation: judged.validation,
      test: judged.test,
      parity: saved.parity,
      engine,
      files: saved.files,
    };
  });
}
