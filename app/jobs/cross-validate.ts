/**
 * K-fold cross-validation: one whole training a fold, each judged on patients that nothing of it has seen.
 *
 *     folds by patient    1          2          3          4          5
 *     training 1         test   | val . . train . . . . . . . . . . . . |      val, an eighth of the others' patients, chooses
 *     training 2         train . | test | . . val . train . . . . . . . |      epochs and rungs; test is looked at once
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { EosinError } from '../core/errors.ts';
import type { Evaluation, JobEvent } from '../core/run.ts';
import { writeWhole } from '../files/write-whole.ts';
import { groupFolds } from '../patches/folds.ts';
import type { Emit } from './live-runs.ts';
import { type TrainingDeps, type TrainingRequest, trainModel } from './train-model.ts';
import { assertTrainable, hashPlan, summarise, type TrainPlan } from './train-plan.ts';

/** With two folds nothing is left to train on. */
export const leastFolds = 3;
export const mostFolds = 20;
/** One of so many of the patients that a fold is not judged on chooses its epochs and rungs. */
const validationOf = 8;

/**
 * The plan with its patches dealt anew, once for each fold; all of its patches take part, whatever part they stood in. There are
 * no more folds than the rarest class has patients, so that each fold has all classes.
 *
 * @throws EosinError `plan/few-patients` where a class has fewer than three patients (pictures, where patients are unknown).
 */
export function foldPlans(plan: TrainPlan, folds: number): TrainPlan[] {
  const groups = plan.patches.map(({ patient }) => patient);
  const labels = plan.patches.map(({ classIndex }) => classIndex);
  const rarest = plan.summary.classes.reduce((a, b) => (b.patients < a.patients ? b : a));
  if (rarest.patients < leastFolds) {
    throw new EosinError(
      'plan/few-patients',
      'input',
      `${rarest.name} has ${rarest.patients} patients: too few for folds.`,
      {
        remedy: `Cross-validation needs at least ${leastFolds} patients of each class.`,
        fields: { class: rarest.name, patients: rarest.patients },
      },
    );
  }
  const count = Math.min(folds, rarest.patients);
  const dealt = groupFolds(groups, labels, count, plan.recipe.seed);
  // Where patients are few, one of each class has to be enough to choose by.
  const most = rarest.patients - Math.ceil(rarest.patients / count);
  return Array.from({ length: dealt.folds }, (_, test) => {
    const others = plan.patches.filter((_, i) => dealt.fold[i] !== test);
    const chosen = groupFolds(
      others.map(({ patient }) => patient),
      others.map(({ classIndex }) => classIndex),
      Math.min(validationOf, most),
      plan.recipe.seed,
    );
    const validation = new Set(others.filter((_, i) => chosen.fold[i] === 0).map(({ patient }) => patient));
    const patches = plan.patches.map((patch, i) => {
      const part = dealt.fold[i] === test ? 'test' : validation.has(patch.patient) ? 'validation' : 'train';
      return { ...patch, part } as const;
    });
    const { summary } = plan;
    const draft = { ...plan, patches };
    const own = summarise(draft, summary.slides, summary.warnings);
    assertTrainable(own);
    return { ...draft, summary: own, planHash: hashPlan(draft) };
  });
}

export interface FoldResult {
  /** 1-based. */
  readonly fold: number;
  readonly modelFolder: string;
  readonly attach: string;
  readonly test: Evaluation;
}

/**
 * Trains fold after fold below `runFolder`; a fold that is finished there already is not trained again, and one that was
 * cut off goes on.
 *
 * @param onFold called before each fold with its number.
 */
export async function trainFolds(
  deps: TrainingDeps,
  request: Omit<TrainingRequest, 'modelFolder'>,
  folds: number,
  onFold: (fold: number, count: number) => void,
  emit: Emit,
  signal: AbortSignal,
): Promise<FoldResult[]> {
  const plans = foldPlans(request.plan, folds);
  const results: FoldResult[] = [];
  for (const [i, plan] of plans.entries()) {
    const fold = i + 1;
    const runFolder = path.join(request.runFolder, `fold-${fold}`);
    const stored = path.join(runFolder, 'result.json');
    const before = await finished(stored, plan.planHash);
    onFold(fold, plans.length);
    if (before) {
      results.push(before);
      continue;
    }
    const modelFolder = path.join(runFolder, `model-${plan.planHash.slice(0, 8)}`);
    const own = { ...request, plan, runFolder, modelFolder, modelId: `${request.modelId}-${fold}` };
    const named = { ...own, modelName: `${request.modelName}, fold ${fold}` };
    const { outcome } = await trainModel(deps, named, (event) => emit(ofFold(event, fold)), signal);
    const result: FoldResult = { fold, modelFolder, attach: outcome.attach, test: outcome.test! };
    await writeWhole(stored, JSON.stringify({ planHash: plan.planHash, result }));
    results.push(result);
  }
  return results;
}

/** The same phase runs in each fold; told apart, curves do not mix them. */
function ofFold(event: JobEvent, fold: number): JobEvent {
  if (event.type === 'phase') return { ...event, name: `fold ${fold} ${event.name}` };
  if (event.type === 'epoch' || event.type === 'rung') return { ...event, phase: `fold ${fold} ${event.phase}` };
  return event;
}

/** What an earlier call left of the same fold. */
async function finished(file: string, planHash: string): Promise<FoldResult | null> {
  try {
    const stored = JSON.parse(await readFile(file, 'utf8')) as { planHash: string; result: FoldResult };
    return stored.planHash === planHash ? stored.result : null;
  } catch {
    return null;
  }
}

export interface Spread {
  readonly mean: number;
  /** Standard deviation over the folds (n - 1). */
  readonly deviation: number;
}

/** Mean and spread over the folds, each fold counting the same. */
export function foldSpread(
  results: readonly Pick<FoldResult, 'test'>[],
): Record<'accuracy' | 'balancedAccuracy' | 'loss', Spread> {
  return {
    accuracy: spreadOf(results.map(({ test }) => test.accuracy.value)),
    balancedAccuracy: spreadOf(results.map(({ test }) => test.balancedAccuracy.value)),
    loss: spreadOf(results.map(({ test }) => test.loss)),
  };
}

export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}
