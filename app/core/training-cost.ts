/**
 * What a training run will about cost, before it starts: time from the measured speed of the engine, bytes from the network.
 *
 *     rows = train * views + validation        one forward pass of the frozen part, cached where a phase cuts the network
 *     each epoch = patches through the part that learns, there and back, and the validation patches there
 *
 * Time is an upper bound as far as phases may stop early; a busy computer takes longer.
 */
import type { GroupCost } from './network-map.ts';
import type { Recipe } from './recipe.ts';
import { microBatchFor, trainingBytes } from './training-memory.ts';

/** A cache up to this size stays in memory. */
export const cacheInMemoryBytes = 64e6;

/** Multiply-adds of MobileNetV2 at 224 px, on which engines are timed. */
const timedMultiplyAdds = 300e6;
/** Reading rows and moving weights, whatever the network: seen for a head alone. */
const secondsAStep = 0.01;
/** Starting the process, testing the engine, saving and judging: seen on two cores. */
const secondsAround = 6;
export interface Speeds {
  /** Pictures a second, all layers of MobileNetV2 learning. */
  readonly trainPerSecond: number;
  /** The same network, forward on the training engine. */
  readonly forwardPerSecond: number;
  /** The same network, forward on the inference engine, which fills the caches. */
  readonly inferencePerSecond: number;
}

export interface CostRequest {
  readonly recipe: Recipe;
  readonly groups: readonly GroupCost[];
  readonly train: number;
  readonly validation: number;
  readonly speeds: Speeds | null;
  /** The one that will train: memory is its. */
  readonly engineId: string;
}

export interface TrainingCost {
  /** Null where no speed is known. */
  readonly seconds: number | null;
  readonly cacheBytes: number;
  /** Of the worker at its fullest. */
  readonly memoryBytes: number;
}

/** The depth probe looks at so many training patches at the most (more make it little better), varied ones in two views each. */
export const probeLimit = 600;
export const probeViews = 2;

interface Stage {
  readonly unfreeze: number;
  readonly epochs: number;
}

export function trainingCost({ recipe, groups: all, train, validation, speeds, engineId }: CostRequest): TrainingCost {
  const groups = groupsBelowHead(recipe, all);
  const phases = recipe.phases.map(({ unfreeze, epochs }): Stage => {
    return { unfreeze: unfreeze === 'all' ? groups.length : Math.min(unfreeze, groups.length), epochs };
  });
  const rungs = Array.from({ length: Math.min(recipe.ladder?.groups ?? 0, groups.length) }, (_, k): Stage => {
    return { unfreeze: k + 1, epochs: recipe.ladder!.epochs };
  });
  const rows = train * recipe.views + validation;
  const bytesAt = (unfreeze: number): number => rows * rowLength(groups, unfreeze, recipe.head.pooling) * 4;
  const planned = [...new Set(phases.map(({ unfreeze }) => unfreeze))].map(bytesAt);
  const caches = [...planned, Math.max(0, ...rungs.map(({ unfreeze }) => bytesAt(unfreeze)))];
  const deepest = Math.max(0, ...[...phases, ...rungs].map(({ unfreeze }) => unfreeze));
  return {
    seconds: speeds && secondsFor(recipe, groups, [...phases, ...rungs], train, validation, speeds),
    cacheBytes: sum(caches),
    memoryBytes:
      learningBytes(recipe, groups, deepest, engineId) + sum(caches.filter((bytes) => bytes <= cacheInMemoryBytes)),
  };
}

/** The groups that the head stands on; with `auto` nobody knows yet, and all are counted. */
function groupsBelowHead({ attach }: Recipe, groups: readonly GroupCost[]): readonly GroupCost[] {
  const at = groups.findIndex(({ name }) => name === attach);
  return at < 0 ? groups : groups.slice(0, at + 1);
}

/** Numbers a cached picture, where the top `unfreeze` groups learn; none where everything does. */
function rowLength(groups: readonly GroupCost[], unfreeze: number, pooling: Recipe['head']['pooling']): number {
  const cut = groups.at(-1 - unfreeze);
  if (!cut || unfreeze >= groups.length) return 0;
  return unfreeze === 0 && pooling === 'average' ? cut.channels : cut.sidePx ** 2 * cut.channels;
}

function learningBytes(
  { batchSize, batchNorm }: Recipe,
  groups: readonly GroupCost[],
  unfreeze: number,
  engineId: string,
): number {
  const learning = groups.slice(groups.length - unfreeze);
  const weightsOf = (some: readonly GroupCost[]): number => sum(some.map(({ weights }) => weights));
  const part = {
    values: sum(learning.map(({ values }) => values)),
    weights: weightsOf(groups),
    learning: weightsOf(learning),
  };
  const pictures = batchNorm === 'training' ? batchSize : microBatchFor(part, batchSize, engineId);
  return trainingBytes(part, pictures, engineId);
}

function secondsFor(
  recipe: Recipe,
  groups: readonly GroupCost[],
  stages: readonly Stage[],
  train: number,
  validation: number,
  speeds: Speeds,
): number {
  const relative = (some: readonly GroupCost[]): number =>
    sum(some.map(({ multiplyAdds }) => multiplyAdds)) / timedMultiplyAdds;
  const anEpoch = Math.min(train, recipe.patchesPerEpoch ?? train);
  const steps = Math.ceil(anEpoch / recipe.batchSize);
  const epochs = sum(stages.map((stage) => stage.epochs));
  const renewals = recipe.renewViews ? epochs / recipe.renewViews : 0;
  const probed = recipe.attach === 'auto' ? Math.min(train, probeLimit) * (recipe.augment ? probeViews : 1) : 0;
  const pictures = train * recipe.views * (1 + renewals) + validation + probed;
  const filling = (pictures * relative(groups)) / speeds.inferencePerSecond;
  const learning = stages.map(({ unfreeze, epochs: times }) => {
    const part = relative(groups.slice(groups.length - unfreeze));
    const once = (anEpoch * part) / speeds.trainPerSecond + (validation * part) / speeds.forwardPerSecond;
    return times * (once + steps * secondsAStep);
  });
  return secondsAround + filling + sum(learning);
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
