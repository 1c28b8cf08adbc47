/** What the network says of the validation patches after an epoch. */
import { chunks } from '../core/chunks.ts';
import type { FitRequest } from './fit.ts';
import { countCorrect } from './gradients.ts';
import { crossEntropy } from './loss.ts';
import { feedRows } from './row-feed.ts';

/** The loss of each validation patch (no smoothing, no weights), their mean, and the share that is right. */
export async function validate(
  { engine, upper, validation, microBatch }: FitRequest,
  breathe: () => Promise<void>,
): Promise<{ losses: Float32Array; loss: number; accuracy: number }> {
  const count = validation.patches.length;
  const losses = new Float32Array(count);
  const parts = [...chunks([...validation.patches.keys()], microBatch)]; // places of patches
  const feed = feedRows(
    validation,
    parts.map((part) => part.map((patch) => ({ patch, view: 0 }))),
  );
  let hits = 0;
  try {
    for (const part of parts) {
      const rows = await feed.next();
      const classes = part.map((patch) => validation.patches[patch]!.classIndex);
      const [loss, correct] = engine.tidy(() => {
        const logits = upper.logits(engine.tensor4d(rows, [part.length, ...validation.shape]));
        return [crossEntropy(engine, logits, classes, 0, null), countCorrect(engine, logits, classes)] as const;
      });
      losses.set((await loss.data()) as Float32Array, part[0]!);
      hits += (await correct.data())[0]!;
      engine.dispose([loss, correct]);
      await breathe();
    }
  } finally {
    await feed.close();
  }
  return { losses, loss: losses.reduce((sum, loss) => sum + loss, 0) / count, accuracy: hits / count };
}
