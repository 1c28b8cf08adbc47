/** Is the batch size sensible for this many patches, and how does it go through memory? */
import type { Recipe } from '../core/recipe.ts';

/** Fewer optimizer steps an epoch than this and an epoch is hardly more than one guess. */
const fewSteps = 4;
/** What a suggestion aims at. */
const goodSteps = 8;

/**
 * A sentence for the run's record, or null where there is nothing to say.
 *
 * @param patches patches an epoch.
 */
export function batchAdvice(
  { batchSize, optimizer }: Pick<Recipe, 'batchSize' | 'optimizer'>,
  patches: number,
): string | null {
  const steps = Math.ceil(patches / batchSize);
  const suggested = Math.max(2, 2 ** Math.floor(Math.log2(patches / goodSteps)));
  if (steps >= fewSteps || suggested >= batchSize) return null;
  // Linear for SGD (Goyal 2017), square root for Adam (Malladi 2022).
  const ratio = suggested / batchSize;
  const scale = optimizer.kind === 'sgd' ? ratio : Math.sqrt(ratio);
  return (
    `${patches} patches make ${steps} ${steps === 1 ? 'step' : 'steps'} an epoch at batch size ${batchSize}; --set batchSize=${suggested} ` +
    `makes ${Math.ceil(patches / suggested)}. Learning rates should then be about ${Number(scale.toPrecision(2))} of what they are.`
  );
}

/** What a phase takes, and how a batch goes through memory where not in one piece. */
export function memoryWords(batchSize: number, microBatch: number, bytes: number): string {
  const gigabytes = `Training takes about ${(bytes / 1e9).toFixed(1)} GB of memory`;
  if (microBatch >= batchSize) return `${gigabytes}.`;
  return `${gigabytes}: batches of ${batchSize} go through it ${microBatch} at a time; the result is that of the whole batch.`;
}
