/** What the network says of the validation patches after an epoch. */
import type { FitRequest } from './fit.ts';
import { countCorrect, readRows } from './gradients.ts';
import { crossEntropy } from './loss.ts';

/** The loss of each validation patch (no smoothing, no weights), their mean, and the share that is right. */
export async function validate(
  { engine, upper, validation, microBatch }: FitRequest,
  breathe: () => Promise<void>,
): Promise<{ losses: Float32Array; loss: number; accuracy: number }> {
  const count = validation.patches.length;
  const losses = new Float32Array(count);
  let hits = 0;
  for (let from = 0; from < count; from += microBatch) {
    const part = validation.patches.slice(from, from + microBatch);
    const rows = await readRows(
      validation,
      part.map((_, i) => ({ patch: from + i, view: 0 })),
    );
    const classes = part.map(({ classIndex }) => classIndex);
    const [loss, correct] = engine.tidy(() => {
      const logits = upper.logits(engine.tensor4d(rows, [part.length, ...validation.shape]));
      return [crossEntropy(engine, logits, classes, 0, null), countCorrect(engine, logits, classes)] as const;
    });
    losses.set((await loss.data()) as Float32Array, from);
    hits += (await correct.data())[0]!;
    engine.dispose([loss, correct]);
    await breathe();
  }
  return { losses, loss: losses.reduce((sum, loss) => sum + loss, 0) / count, accuracy: hits / count };
}
