/** An engine whose memory is used up says so in one way, whatever the engine, and with how many pictures it had at once. */
import { EosinError } from '../core/errors.ts';

/** How TensorFlow, JavaScript engines and allocators say it. */
const saidAsText = /OOM when allocating|RESOURCE_EXHAUSTED|bad_alloc|out of memory|array buffer allocation failed/i;

/**
 * What was thrown while `atOnce` pictures learned: as `engine/out-of-memory` where that is what it means, with `atOnce` in its
 * fields and in those of `engine/gpu-lost`; anything else as it was.
 */
export function withPicturesAtOnce(thrown: unknown, atOnce: number): unknown {
  const known = inWords(thrown);
  if (!(known instanceof EosinError) || !['engine/out-of-memory', 'engine/gpu-lost'].includes(known.code))
    return thrown;
  const { code, kind, message, remedy, fields } = known;
  return new EosinError(code, kind, message, { remedy, fields: { ...fields, atOnce }, cause: thrown });
}

function inWords(thrown: unknown): unknown {
  if (thrown instanceof EosinError || !(thrown instanceof Error)) return thrown;
  // A trap of WebAssembly is how the wasm engine ends when its 4 GB are used up.
  const trap = thrown.name === 'RuntimeError';
  if (!trap && !saidAsText.test(thrown.message)) return thrown;
  const message = trap
    ? 'The wasm engine stopped, most likely because its memory (4 GB at the most) is used up.'
    : 'The memory is not enough for a step of this training.';
  return new EosinError('engine/out-of-memory', 'config', message, {
    remedy: trap
      ? 'Let fewer layers learn or take a smaller batch (--set batchSize=8); the native engine (eosin engine install) has no such limit.'
      : 'Close other programs, let fewer layers learn, or take a smaller batch (--set batchSize=8).',
    fields: { reason: thrown.message },
    cause: thrown,
  });
}
