/** One step forwards and backwards before a phase begins, so that memory that is too small shows at once and costs nothing. */
import type { FitRequest } from './fit.ts';
import { feedBatches, gradientsOf } from './gradients.ts';

/** Takes the gradients of one full micro-batch and drops them: weights, and all that is drawn by chance later, stay as they are. */
export async function dryStep(request: FitRequest): Promise<void> {
  const { engine, upper, train, microBatch } = request;
  const draws = train.patches.slice(0, microBatch).map((_, patch) => ({ patch, view: 0 }));
  const before = await upper.snapshot(); // a batch that normalises itself moves its averages
  const feed = feedBatches(request, [draws]);
  try {
    const { gradients } = await gradientsOf(request, draws, 0, feed);
    engine.dispose(gradients);
    upper.restore(before);
  } finally {
    await feed.close();
  }
}
