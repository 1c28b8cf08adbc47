/**
 * A training run from its frozen spec to a model on disk:
 *
 *     probe the depths -> attach a head -> phases and rungs -> save -> judge the saved model
 *
 * A run that was cut off goes on from its last checkpoint when the same spec comes again.
 */
import type { JobEvent } from '../core/run.ts';
import type { LearningSpec, TrainOutcome } from '../jobs/job-spec.ts';
import { finishNetwork } from './finish-network.ts';
import { runPhases } from './phases.ts';
import { type TrainPorts, withNetwork } from './prepare.ts';

/**
 * Everything that is random follows from `spec.recipe.seed`. Choices (depth, epoch, rung) look at training and validation
 * patches only; the test part is read once, at the end.
 *
 * @throws EosinError `train/...` for what cannot be trained, `job/cancelled` on cancel: checkpoints stay then.
 */
export async function train(
  spec: LearningSpec,
  ports: TrainPorts,
  emit: (event: JobEvent) => void,
  signal: AbortSignal,
): Promise<TrainOutcome> {
  return await withNetwork(spec, ports, emit, signal, 'resume', async (ready) => {
    const best = await runPhases(ready.phases);
    const { data } = ready.phases;
    return (await finishNetwork({ spec, ports, ready, folder: 'model', best, data, emit })).outcome;
  });
}
