/**
 * A training whose engine may fail it: a GPU goes away (a driver that starts anew), or memory is too small.
 *
 *     no memory             half the pictures at once, down to one
 *     GPU lost once         on from the last checkpoint      again: with half the pictures at once
 *     GPU lost a third time the run ends, and a person chooses what next
 *
 * Half as many pictures at once are the same training: their gradients are summed to the batch's.
 */
import { EosinError } from '../core/errors.ts';
import type { JobEvent } from '../core/run.ts';
import type { LearningSpec } from './job-spec.ts';

const mostLosses = 2;

/** Calls `learn` until it ends well, or fails for another reason or once too often. Throws what the last attempt threw. */
export async function learnWithRetries<S extends LearningSpec, T>(
  spec: S,
  learn: (spec: S) => Promise<T>,
  emit: (event: JobEvent) => void,
): Promise<T> {
  let { mostAtOnce } = spec;
  for (let losses = 0; ; ) {
    try {
      return await learn(mostAtOnce === undefined ? spec : { ...spec, mostAtOnce });
    } catch (thrown) {
      if (!(thrown instanceof EosinError)) throw thrown;
      const lost = thrown.code === 'engine/gpu-lost';
      if (lost) losses++;
      if ((!lost && thrown.code !== 'engine/out-of-memory') || losses > mostLosses) throw thrown;
      const halved = !lost || losses > 1;
      if (halved) mostAtOnce = halfOf(spec, mostAtOnce, thrown);
      const smaller = halved ? `, with ${mostAtOnce} ${mostAtOnce === 1 ? 'picture' : 'pictures'} at once` : '';
      const text = `${thrown.message} The training is taken up again from its last checkpoint${smaller}.`;
      emit({ type: 'note', level: 'warning', text });
    }
  }
}

/** Half of what the attempt took at once. Throws its failure where that is no less, or where a batch cannot go in pieces. */
function halfOf({ recipe }: LearningSpec, mostAtOnce: number | undefined, failure: EosinError): number {
  const { atOnce } = failure.fields;
  const taken = Math.min(mostAtOnce ?? recipe.batchSize, typeof atOnce === 'number' ? atOnce : recipe.batchSize);
  if (taken <= 1 || recipe.batchNorm === 'training') throw failure;
  return Math.floor(taken / 2);
}
