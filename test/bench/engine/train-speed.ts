/**
 * A process of the engine bench: trains a network on this engine by the app's own loop and prints what it saw.
 *
 *     node train-speed.ts ENGINE NETWORK BATCH UNFREEZE [STEPS [real]]
 *     -> {"imagesPerSecond": 9.1, "dataWaitShare": 0.001, "microBatch": 8, "peakMb": 1800, "estimateMb": 1750}
 *
 * UNFREEZE is a number of layer groups, or `all`; STEPS those of an epoch, 6 by itself. The rows are made up, so that the step
 * alone is measured, or with `real` augmented patches and caches as in a run.
 */
import { recipeSchema } from '../../../app/core/recipe.ts';
import { microBatchFor, trainingBytes } from '../../../app/core/training-memory.ts';
import type { EngineId } from '../../../app/engine/engine.ts';
import { openEngine } from '../../../app/engine/node.ts';
import { architectures } from '../../../app/networks/architectures.ts';
import { attachHead } from '../../../app/networks/network.ts';
import { upperNetwork } from '../../../app/networks/split-network.ts';
import { boundaryFor, rowLength } from '../../../app/training/activation-cache.ts';
import { fit } from '../../../app/training/fit.ts';
import { learningPartOf } from '../../../app/training/memory.ts';
import type { PatchSource, PlannedPatch } from '../../../app/training/ports.ts';
import { formulaBackbone } from '../../networks/formula-backbone.ts';
import { realActivations } from './real-activations.ts';

const sizePx = 224;
const classCount = 5;

const [id, networkName, batchText, depth, stepsText, rows] = process.argv.slice(2);
const stepsAnEpoch = Number(stepsText ?? 6);
const batchSize = Number(batchText);
const engine = await openEngine(id as EngineId, { threads: 2 });
const { tf } = engine;

const architecture = architectures.find(({ name }) => name === networkName)!;
const { backbone, base } = await formulaBackbone(tf, architecture, sizePx);
const unfreeze = depth === 'all' ? backbone.groups.length : Number(depth);
const recipe = recipeSchema.parse({
  name: 'bench',
  backbone: 'mobilenet-v2',
  input: {},
  phases: [{ name: 'bench', unfreeze, epochs: 3, learningRate: 1e-5 }],
  optimizer: { kind: 'adam' },
  sampling: 'shuffle',
  augment: {},
  batchSize,
});
const network = attachHead(tf, backbone, base, 'last', recipe.head, classCount, 1);
const source: Pick<PatchSource, 'sizePx'> = { sizePx };
const boundary = boundaryFor({ network, pooling: recipe.head.pooling, source: source as PatchSource }, unfreeze);
const { group, shape } = boundary;
const patches: PlannedPatch[] = Array.from({ length: batchSize * stepsAnEpoch }, (_, index) => ({
  index,
  classIndex: index % classCount,
  patient: 'p',
  region: 'r',
  part: 'train',
}));
const row = Float32Array.from({ length: rowLength(shape) }, (_, i) => Math.sin(i));
const activations = (of: readonly PlannedPatch[]) => ({
  patches: of,
  views: 1,
  shape,
  bytes: 0,
  read: async (_patch: number, _view: number, into: Float32Array) => into.set(row),
  renew: async () => undefined,
  close: async () => undefined,
});
const real = rows === 'real' ? await realActivations(network, boundary, patches, sizePx, recipe.augment!) : null;
const part = learningPartOf(network, unfreeze);
const microBatch = microBatchFor(part, batchSize, engine.id);
const upper = upperNetwork(tf, network, group);
const speeds: number[] = [];
const waits: number[] = [];
await fit(
  {
    engine: tf,
    upper,
    phase: { ...recipe.phases[0]!, unfreeze },
    phaseIndex: 0,
    recipe,
    classWeights: null,
    train: real?.train ?? activations(patches),
    validation: activations(patches.slice(0, 1)),
    microBatch,
    rateSetting: { key: 'phases[0].learningRate', value: 1e-5 },
    resume: null,
  },
  {
    onEpoch: async ({ imagesPerSecond, dataWaitShare }) => {
      speeds.push(imagesPerSecond);
      waits.push(dataWaitShare!);
    },
    onNote: () => undefined,
    onMiddle: async () => undefined,
    onDiverging: () => 'keep-best',
    breathe: async () => undefined,
  },
);
// The first epoch compiles and allocates.
const imagesPerSecond = Math.max(...speeds.slice(1));
const dataWaitShare = waits.slice(1).reduce((sum, share) => sum + share, 0) / (waits.length - 1);
const peakMb = Math.round((process.resourceUsage().maxRSS * 1024) / 1e6);
const estimateMb = Math.round(trainingBytes(part, microBatch, engine.id) / 1e6);
console.log(JSON.stringify({ imagesPerSecond, dataWaitShare, microBatch, peakMb, estimateMb }));
await real?.close();
process.exit(0);
