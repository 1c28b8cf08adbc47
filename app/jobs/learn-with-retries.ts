/**
 * A training on a GPU that may go away (a driver that starts anew, memory that other programs take):
 *
 *     lost once -> on from the last whole epoch      lost again, or no memory -> half the pictures at once
 *     lost a third time -> the run ends, and a person chooses what next
 *
 * Half as many pictures at once give the same weights: their gradients are summed to the batch's.
 */
import { EosinError } from '../core/errors.ts';
import type { JobEvent } from '../core/run.ts';
import type { LearningSpec } from './job-spec.ts';

const mostFailures = 2;

/** Calls `learn` until it ends well, or fails for another reason or once too often. Throws what the last attempt threw. */
export async function learnWithRetries<T>(
  spec: LearningSpec,
  learn: (spec: LearningSpec) => Promise<T>,
  emit: (event: JobEvent) => void,
): Promise<T> {
  let mostAtOnce = spec.recipe.batchSize;
  for (let failures = 1; ; failures++) {
    try {
      return await learn({ ...spec, mostAtOnce });
    } catch (thrown) {
      const code = thrown instanceof EosinError ? thrown.code : '';
      if (code !== 'engine/gpu-lost' && code !== 'engine/out-of-memory') throw thrown;
      if (failures > mostFailures) throw thrown;
      const halved = failures > 1 || code === 'engine/out-of-memory';
      if (halved) mostAtOnce = Math.ceil(mostAtOnce / 2);
      emit({
        type: 'note',
        level: 'warning',
        text: noteOf((thrown as EosinError).message, halved ? mostAtOnce : null),
      });
    }
  }
}

function noteOf(message: string, atOnce: number | null): string {
  const smaller = atOnce === null ? '' : `, with ${atOnce} pictures at once`;
  return `${message} The training is taken up again after its last whole epoch${smaller}.`;
}
