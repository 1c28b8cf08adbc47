/** A linear probe: multinomial logistic regression on pooled activations, its penalty tuned by cross-validation. */
import { fitLogistic, type LogisticModel, predictLogistic } from '../evaluation/logistic-regression.ts';
import { groupFolds } from '../patches/folds.ts';
import type { PlannedPatch } from './ports.ts';

export interface ProbeRows {
  /** [patches * views, d] row by row; view 0 of a patch is the patch itself. */
  readonly features: Float32Array;
  readonly views: number;
  /** One a patch. */
  readonly labels: readonly number[];
  readonly classCount: number;
}

export interface CrossValidated {
  /** 1 where the patch was classified rightly by a probe that had not seen its group. */
  readonly correct: Float32Array;
  readonly losses: Float32Array;
  /** The penalty with the lowest loss; the other numbers are at this one. */
  readonly l2: number;
}

export interface Folds {
  /** The fold of each patch. */
  readonly fold: Uint8Array;
  readonly folds: number;
}

const foldCount = 5;
/** From strong to weak: each fit starts where the last one ended. */
const penalties = [1, 0.1, 0.01, 0.001];

/** Folds by patient where there are at least three, else by region where there are enough of them, else by patch. */
export function probeFolds(
  patches: readonly PlannedPatch[],
  patientsKnown: boolean,
  classCount: number,
  seed: number,
): Folds {
  const labels = patches.map(({ classIndex }) => classIndex);
  return groupFolds(foldGroups(patches, patientsKnown, classCount), labels, foldCount, seed);
}

function foldGroups(patches: readonly PlannedPatch[], patientsKnown: boolean, classCount: number): string[] {
  if (patientsKnown && new Set(patches.map(({ patient }) => patient)).size >= 3) return patches.map((p) => p.patient);
  const regions = patches.map(({ patient, region }) => `${patient}/${region}`);
  if (new Set(regions).size >= foldCount * classCount) return regions;
  return patches.map(({ index }) => String(index));
}

/** Learns from all views of the other folds, judges on view 0 of the held one. */
export async function crossValidate(
  rows: ProbeRows,
  { fold, folds }: Folds,
  breathe: () => Promise<void>,
): Promise<CrossValidated> {
  const { labels, classCount, views } = rows;
  const results = penalties.map((l2) => ({
    correct: new Float32Array(labels.length),
    losses: new Float32Array(labels.length),
    l2,
  }));
  for (let held = 0; held < folds; held++) {
    const inside = [...labels.keys()].filter((patch) => fold[patch] !== held);
    const outside = [...labels.keys()].filter((patch) => fold[patch] === held);
    const training = pickPatches(rows, inside, views);
    const trainLabels = labelsOf(rows, inside, views);
    const judged = pickPatches(rows, outside, 1);
    let start: LogisticModel | undefined;
    for (const [p, l2] of penalties.entries()) {
      start = fitLogistic(training, trainLabels, classCount, { ...fitOptions, l2, ...(start ? { start } : {}) });
      const probabilities = predictLogistic(start, judged);
      for (const [i, patch] of outside.entries()) {
        const row = probabilities.subarray(i * classCount, (i + 1) * classCount);
        results[p]!.losses[patch] = -Math.log(Math.max(row[labels[patch]!]!, 1e-7));
        results[p]!.correct[patch] = row.indexOf(Math.max(...row)) === labels[patch] ? 1 : 0;
      }
      await breathe();
    }
  }
  const sum = (values: Float32Array): number => values.reduce((a, b) => a + b, 0);
  return results.reduce((best, next) => (sum(next.losses) < sum(best.losses) ? next : best));
}

const fitOptions = { balanced: true, maxIterations: 40, tolerance: 1e-3 };

/** The probe on all rows as a dense layer: logits = features · kernel + bias. */
export function fitProbe(
  { features, labels, views, classCount }: ProbeRows,
  l2: number,
): { kernel: Float32Array; bias: Float32Array } {
  const rowLabels = labels.flatMap((label) => new Array<number>(views).fill(label));
  const model = fitLogistic(features, rowLabels, classCount, { ...fitOptions, l2 });
  return denseOf(model);
}

/** Standardisation folded in: kernel [d, classes] row by row, bias [classes]. */
function denseOf({ featureCount: d, classCount, mean, scale, weights }: LogisticModel): {
  kernel: Float32Array;
  bias: Float32Array;
} {
  const kernel = new Float32Array(d * classCount);
  const bias = new Float32Array(classCount);
  for (let c = 0; c < classCount; c++) {
    let shift = weights[c * (d + 1) + d]!;
    for (let j = 0; j < d; j++) {
      const weight = weights[c * (d + 1) + j]! * scale[j]!;
      kernel[j * classCount + c] = weight;
      shift -= weight * mean[j]!;
    }
    bias[c] = shift;
  }
  return { kernel, bias };
}

/** The first `take` views of the given patches. */
function pickPatches({ features, labels, views }: ProbeRows, patches: readonly number[], take: number): Float32Array {
  const d = features.length / (labels.length * views);
  const out = new Float32Array(patches.length * take * d);
  for (const [i, patch] of patches.entries()) {
    out.set(features.subarray(patch * views * d, (patch * views + take) * d), i * take * d);
  }
  return out;
}

function labelsOf({ labels }: ProbeRows, patches: readonly number[], views: number): number[] {
  return patches.flatMap((patch) => new Array<number>(views).fill(labels[patch]!));
}
