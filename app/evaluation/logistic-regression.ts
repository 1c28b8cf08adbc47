/**
 * Multinomial logistic regression with L2, for linear probes and the colour baseline. Features are standardised; the
 * objective
 *
 *     mean over rows of -log softmax(W z + b)[label]  +  l2 / 2 * |W|²          (the bias is not penalised)
 *
 * is convex and minimised by L-BFGS (Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.4) with a
 * backtracking line search. Deterministic: it starts at zero (or where it is told to) and draws nothing.
 */

export interface LogisticModel {
  readonly featureCount: number;
  readonly classCount: number;
  /** z = (feature - mean) * scale; scale is 0 for a feature that never varied. */
  readonly mean: Float64Array;
  readonly scale: Float64Array;
  /** [classCount, featureCount + 1], the bias last in each row; in standardised features. */
  readonly weights: Float64Array;
}

export interface LogisticOptions {
  /** Strength of the penalty, a row: comparable between data sets of different size. */
  readonly l2: number;
  readonly maxIterations?: number;
  /** Stops when no part of the gradient is larger. */
  readonly tolerance?: number;
  /** Each class weighs the same, whatever its number of rows. */
  readonly balanced?: boolean;
  /** Starts here (a model of the same shape on the same features): a path over l2 then costs little. */
  readonly start?: LogisticModel;
}

/** `features` [n, d] row by row, `labels` n class indices. */
export function fitLogistic(
  features: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
  { l2, maxIterations = 200, tolerance = 1e-4, balanced = false, start }: LogisticOptions,
): LogisticModel {
  const n = labels.length;
  const d = n === 0 ? 0 : features.length / n;
  if (n === 0 || !Number.isInteger(d)) throw new RangeError(`${features.length} features do not make ${n} rows.`);
  const { mean, scale } = standardisation(features, n, d);
  const z = new Float32Array(n * d); // [n, d] standardised
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) z[i * d + j] = (features[i * d + j]! - mean[j]!) * scale[j]!;
  }
  const rowWeights = weightsOfRows(labels, classCount, balanced);
  const objective = (w: Float64Array, gradient: Float64Array): number =>
    lossAndGradient(z, labels, rowWeights, n, d, classCount, l2, w, gradient);
  const from = start && start.weights.length === classCount * (d + 1) ? start.weights : null;
  const initial = from ? Float64Array.from(from) : new Float64Array(classCount * (d + 1));
  const weights = minimise(objective, initial, maxIterations, tolerance);
  return { featureCount: d, classCount, mean, scale, weights };
}

/** Probabilities [n, classCount] row by row for `features` [n, d]. */
export function predictLogistic(model: LogisticModel, features: Float32Array): Float32Array {
  const { featureCount: d, classCount, mean, scale, weights } = model;
  const n = features.length / d;
  const out = new Float32Array(n * classCount);
  const z = new Float64Array(d);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) z[j] = (features[i * d + j]! - mean[j]!) * scale[j]!;
    for (let c = 0; c < classCount; c++) {
      let sum = weights[c * (d + 1) + d]!;
      for (let j = 0; j < d; j++) sum += weights[c * (d + 1) + j]! * z[j]!;
      out[i * classCount + c] = sum;
    }
    softmaxInPlace(out, i * classCount, classCount);
  }
  return out;
}

function softmaxInPlace(values: Float32Array | Float64Array, at: number, count: number): void {
  let max = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < count; c++) max = Math.max(max, values[at + c]!);
  let sum = 0;
  for (let c = 0; c < count; c++) {
    values[at + c] = Math.exp(values[at + c]! - max);
    sum += values[at + c]!;
  }
  for (let c = 0; c < count; c++) values[at + c]! /= sum;
}

function standardisation(features: Float32Array, n: number, d: number): { mean: Float64Array; scale: Float64Array } {
  const mean = new Float64Array(d);
  const scale = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) mean[j]! += features[i * d + j]!;
  for (let j = 0; j < d; j++) mean[j]! /= n;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) scale[j]! += (features[i * d + j]! - mean[j]!) ** 2;
  }
  for (let j = 0; j < d; j++) {
    const deviation = Math.sqrt(scale[j]! / n);
    // Rounding leaves a constant feature a deviation of about 1e-7 of its size; that is not variation.
    scale[j] = deviation > 1e-6 * Math.abs(mean[j]!) + 1e-12 ? 1 / deviation : 0;
  }
  return { mean, scale };
}

/** Weights that sum to 1. */
function weightsOfRows(labels: ArrayLike<number>, classCount: number, balanced: boolean): Float64Array {
  const n = labels.length;
  const counts = new Float64Array(classCount);
  for (let i = 0; i < n; i++) counts[labels[i]!]!++;
  const present = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  return Float64Array.from({ length: n }, (_, i) => (balanced ? 1 / (present * counts[labels[i]!]!) : 1 / n));
}

function lossAndGradient(
  z: Float32Array,
  labels: ArrayLike<number>,
  rowWeights: Float64Array,
  n: number,
  d: number,
  classCount: number,
  l2: number,
  w: Float64Array,
  gradient: Float64Array,
): number {
  let loss = 0;
  gradient.fill(0);
  const p = new Float64Array(classCount);
  for (let i = 0; i < n; i++) {
    const row = i * d;
    for (let c = 0; c < classCount; c++) {
      const at = c * (d + 1);
      // Four sums at once: twice as fast as one, because additions need not wait for each other.
      let s0 = w[at + d]!;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      let j = 0;
      for (; j + 3 < d; j += 4) {
        s0 += w[at + j]! * z[row + j]!;
        s1 += w[at + j + 1]! * z[row + j + 1]!;
        s2 += w[at + j + 2]! * z[row + j + 2]!;
        s3 += w[at + j + 3]! * z[row + j + 3]!;
      }
      for (; j < d; j++) s0 += w[at + j]! * z[row + j]!;
      p[c] = s0 + s1 + (s2 + s3);
    }
    softmaxInPlace(p, 0, classCount);
    const label = labels[i]!;
    loss -= rowWeights[i]! * Math.log(Math.max(p[label]!, 1e-300));
    for (let c = 0; c < classCount; c++) {
      const error = rowWeights[i]! * (p[c]! - (c === label ? 1 : 0));
      const at = c * (d + 1);
      for (let j = 0; j < d; j++) gradient[at + j]! += error * z[row + j]!;
      gradient[at + d]! += error;
    }
  }
  for (let c = 0; c < classCount; c++) {
    const at = c * (d + 1);
    for (let j = 0; j < d; j++) {
      loss += (l2 / 2) * w[at + j]! ** 2;
      gradient[at + j]! += l2 * w[at + j]!;
    }
  }
  return loss;
}

/** Pairs of steps and gradient changes that L-BFGS remembers. */
const memory = 10;

function minimise(
  objective: (w: Float64Array, gradient: Float64Array) => number,
  start: Float64Array,
  maxIterations: number,
  tolerance: number,
): Float64Array {
  let w = start;
  let gradient = new Float64Array(w.length);
  let loss = objective(w, gradient);
  const pairs: { step: Float64Array; change: Float64Array; rho: number }[] = [];
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    if (gradient.every((g) => Math.abs(g) <= tolerance)) break;
    let direction = descent(gradient, pairs);
    let slope = dot(direction, gradient);
    if (slope >= 0) {
      pairs.length = 0;
      direction = gradient.map((g) => -g);
      slope = -dot(gradient, gradient);
    }
    let length = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
    const next = new Float64Array(w.length);
    const nextGradient = new Float64Array(w.length);
    let nextLoss = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < 30; tries++) {
      for (let i = 0; i < w.length; i++) next[i] = w[i]! + length * direction[i]!;
      nextLoss = objective(next, nextGradient);
      if (nextLoss <= loss + 1e-4 * length * slope) break;
      length /= 2;
    }
    if (!(nextLoss < loss)) break;
    const step = new Float64Array(w.length);
    const change = new Float64Array(w.length);
    for (let i = 0; i < w.length; i++) {
      step[i] = next[i]! - w[i]!;
      change[i] = nextGradient[i]! - gradient[i]!;
    }
    const curvature = dot(step, change);
    if (curvature > 1e-12) {
      pairs.push({ step, change, rho: 1 / curvature });
      if (pairs.length > memory) pairs.shift();
    }
    w = next;
    gradient = nextGradient;
    loss = nextLoss;
  }
  return w;
}

/** The two-loop recursion: minus the inverse Hessian, as far as the pairs know it, times the gradient. */
function descent(
  gradient: Float64Array,
  pairs: readonly { step: Float64Array; change: Float64Array; rho: number }[],
): Float64Array {
  const q = gradient.map((g) => -g);
  const alphas: number[] = [];
  for (const { step, change, rho } of pairs.toReversed()) {
    const alpha = rho * dot(step, q);
    alphas.unshift(alpha);
    for (let i = 0; i < q.length; i++) q[i]! -= alpha * change[i]!;
  }
  const last = pairs.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.change, last.change));
    for (let i = 0; i < q.length; i++) q[i]! *= scale;
  }
  for (const [k, { step, change, rho }] of pairs.entries()) {
    const beta = rho * dot(change, q);
    for (let i = 0; i < q.length; i++) q[i]! += (alphas[k]! - beta) * step[i]!;
  }
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
