/**
 * The learning-rate range test (Smith 2017): the rate rises from step to step, and the loss says where it is too high.
 *
 *     loss ----.                      /   suggested: half of the fall is done
 *               `.                   /
 *                 `--..______...---`
 *          low   suggested        high   rate (logarithmic)
 *
 * Each phase is tried from the weights before training: a linear head from its probe. Nothing is kept.
 */
import type { JobEvent, RateRange } from '../core/run.ts';
import type { LearningSpec } from '../jobs/job-spec.ts';
import { createActivationPool } from './activation-pool.ts';
import type { FitRequest } from './fit.ts';
import { feedBatches, gradientsOf } from './gradients.ts';
import { createOptimizer } from './optimizer.ts';
import { fitRequest, startFirstHead, upperAt } from './phases.ts';
import { type TrainPorts, withNetwork } from './prepare.ts';
import { stageProgress } from './stage-progress.ts';
import { plannedDepths, stepsOf } from './steps.ts';
import { orderOf } from './train-epoch.ts';

const lowestRate = 1e-6;
const highestRate = 10;
const steps = 100;
/** Weight of the past in the smoothed loss, corrected for its start. */
const memory = 0.9;
/** Steps at rates that change nothing yet: their mean is where the loss starts. */
const calmSteps = 15;
/** A loss this many times the lowest ends the test. */
const burst = 4;

/** Tries every phase of the recipe and the first rung of its ladder; tells a `rates` event for each. */
export async function findRates(
  spec: LearningSpec,
  ports: TrainPorts,
  emit: (event: JobEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  await withNetwork(spec, ports, emit, signal, 'anew', async ({ phases: request }) => {
    const groups = request.cache.network.groups.map(({ name }) => name);
    const all = stepsOf(request.recipe, groups);
    const tried = all.slice(0, request.recipe.phases.length + 1);
    const pool = createActivationPool(request, plannedDepths(tried));
    try {
      for (const step of tried) {
        const upper = upperAt(request, step.phase.unfreeze);
        const activations = await pool.at(step.phase.unfreeze);
        await startFirstHead(request, step, upper, activations);
        const before = await upper.snapshot();
        const progress = stageProgress(emit, `rates of ${step.phase.name}`, steps, 'steps');
        const range = await rangeTest(fitRequest(request, step, upper, activations, null), async (done) => {
          progress(done);
          await request.breathe();
        });
        upper.restore(before);
        emit({ type: 'rates', ...range });
      }
    } finally {
      await pool.close();
    }
  });
}

/** Leaves the weights where the test ended. @param onStep awaited after each of at most a hundred steps; throws on cancel. */
export async function rangeTest(request: FitRequest, onStep: (done: number) => Promise<void>): Promise<RateRange> {
  const { engine, upper, phase, recipe } = request;
  const optimizer = createOptimizer(engine, upper.variables, recipe.optimizer, phase.layerDecay);
  const batches = batchesOf(request);
  const feed = feedBatches(request, batchesOf(request));
  const points: { rate: number; loss: number }[] = [];
  let mean = 0;
  try {
    for (let step = 0; step < steps; step++) {
      const rate = lowestRate * (highestRate / lowestRate) ** (step / (steps - 1));
      const { gradients, loss } = await gradientsOf(request, batches.next().value!, step, feed);
      try {
        mean = memory * mean + (1 - memory) * loss;
        const smooth = mean / (1 - memory ** (step + 1));
        const best = points.reduce((least, point) => Math.min(least, point.loss), Number.POSITIVE_INFINITY);
        if (!Number.isFinite(loss) || smooth > burst * best) break;
        points.push({ rate, loss: smooth });
        optimizer.apply(gradients, rate);
      } finally {
        engine.dispose(gradients);
      }
      await onStep(step + 1);
    }
  } finally {
    await feed.close();
    optimizer.dispose();
  }
  return { phase: phase.name, learningRate: phase.learningRate, suggested: suggest(points), points };
}

/** Epoch after epoch, without end. */
function* batchesOf(request: FitRequest): Generator<ReturnType<typeof orderOf>, never> {
  const { batchSize } = request.recipe;
  for (let epoch = 0; ; epoch++) {
    const order = orderOf(request, epoch);
    for (let from = 0; from < order.length; from += batchSize) yield order.slice(from, from + batchSize);
  }
}

/**
 * The rate at which the loss has come half the way from its start to its lowest: the steep part of the fall, and noise of single
 * batches does not move it. A fall of less than a tenth in all is none.
 */
function suggest(points: RateRange['points']): number | null {
  const calm = points.slice(0, calmSteps).map(({ loss }) => loss);
  const start = calm.reduce((a, b) => a + b, 0) / calm.length;
  const lowest = Math.min(...points.map(({ loss }) => loss));
  if (points.length < calmSteps || lowest > 0.9 * start) return null;
  const half = points.findLast(
    ({ loss }, i) => loss >= (start + lowest) / 2 && i < points.findIndex((p) => p.loss === lowest),
  );
  return half ? Number(half.rate.toPrecision(2)) : null;
}
