/**
 * The rungs of a training as finished networks, each from the weights that its phase left:
 *
 *     pretrained -> linear probe                       (the network before its first phase)
 *     pretrained -> head.ckpt                          rung 0-head
 *     pretrained -> head.ckpt -> fine-tune.ckpt        rung 1-fine-tune: what was kept before it lies below it
 *     colours of the patches alone                     the baseline, where it is asked for
 */
import { EosinError } from '../core/errors.ts';
import { linearHead } from '../core/recipe.ts';
import type { JobEvent, LossFall } from '../core/run.ts';
import { colourRung, probeRung } from '../core/rung.ts';
import type { LogisticModel } from '../evaluation/logistic-regression.ts';
import type { RungOrder, RungOutcome, RungsSpec } from '../jobs/job-spec.ts';
import { attachHead } from '../networks/network.ts';
import type { WeightSnapshot } from '../networks/split-network.ts';
import { createActivationPool } from './activation-pool.ts';
import { decodeCheckpoint, sha256, type WeightsCheckpoint } from './checkpoint.ts';
import { exportColourClassifier } from './colour-network.ts';
import { finishNetwork } from './finish-network.ts';
import { judgeModel, learnColour } from './judge-model.ts';
import { pairedDifference } from './paired-difference.ts';
import { type PhasesRequest, upperAt } from './phases.ts';
import { disposeHead, type Ready, type TrainPorts, withNetwork } from './prepare.ts';
import { rungFile, rungFolder } from './rung-files.ts';
import { startHead } from './start-head.ts';
import { stepsOf } from './steps.ts';
import { groupsOf, type TrainingData } from './training-data.ts';

/** What all rungs of one call share. */
interface Making {
  readonly spec: RungsSpec;
  readonly ports: TrainPorts;
  readonly ready: Ready;
  readonly data: TrainingData;
  readonly colour: LogisticModel;
  readonly emit: (event: JobEvent) => void;
}

/** A rung and how well it did on each validation patch. */
interface Made {
  readonly outcome: RungOutcome;
  readonly losses: Float64Array;
}

/**
 * Writes `rungs/<id>/` with the files of a model for each rung that is asked for, in this order: colour, probe, phases.
 *
 * @throws EosinError `rung/missing` where a phase's weights are not there, `rung/other-plan` where they were learned from
 * other patches, and as `finishNetwork`; `job/cancelled` on cancel.
 */
export async function saveRungs(
  spec: RungsSpec,
  ports: TrainPorts,
  emit: (event: JobEvent) => void,
  signal: AbortSignal,
): Promise<RungOutcome[]> {
  const { training, first, rungs, withTest, withColour } = spec;
  const { attach } = (await readRung(spec, ports, first)).origin;
  return await withNetwork(training, ports, emit, signal, { attach }, async (ready) => {
    const { data: all, breathe } = ready.phases;
    const data = withTest ? all : { ...all, test: [] };
    const colour = await learnColour({ source: ports.source, data }, breathe);
    const making: Making = { spec, ports, ready, data, colour, emit };
    const made: Made[] = [];
    const fallFrom = (below: string, losses: Float64Array): LossFall | null => {
      const other = made.find(({ outcome }) => outcome.id === below);
      return other ? pairedDifference(other.losses, losses, groupsOf(data.validation, data)) : null;
    };
    if (withColour) made.push(await colourAlone(making));
    const orders = rungs.map((rung) => ({
      ...rung,
      below: rung.chain.at(-2) ?? (rung.chain.length > 0 ? probeRung : colourRung),
    }));
    // The probe sees the pretrained features, which the phases change.
    const probe = orders.find(({ chain }) => chain.length === 0);
    if (probe) made.push(await probeOf(making));
    const restore = await restorer(making, orders);
    for (const order of orders.filter(({ chain }) => chain.length > 0)) {
      const best = await restore(order);
      made.push(await finished(making, ready, order.id, best));
    }
    const belowOf = new Map(orders.map(({ id, below }) => [id, below]));
    return made.map(({ outcome, losses }) => ({ ...outcome, fall: fallFrom(belowOf.get(outcome.id) ?? '', losses) }));
  });
}

async function finished(
  { spec, ports, data, colour, emit }: Making,
  ready: Ready,
  id: string,
  best: { readonly phase: string; readonly epoch: number },
): Promise<Made> {
  const folder = rungFolder(id);
  const stage = `judge ${best.phase}`;
  const request = { spec: spec.training, ports, ready, folder, best, data, colour, stage, emit };
  const { outcome: model, losses } = await finishNetwork(request);
  const { validation, test, files } = model;
  const { sha256: hash } = files.find(({ name }) => name === 'model.onnx')!;
  return { outcome: { id, sha256: hash, validation: validation!, test, fall: null, model }, losses };
}

/** The baseline as a graph that looks at patches as a network does. */
async function colourAlone({ spec, ports, ready, data, colour, emit }: Making): Promise<Made> {
  const { recipe, threads } = spec.training;
  const { source, forward, sink } = ports;
  const { breathe } = ready.phases;
  const onnx = exportColourClassifier(colour, source.sizePx);
  const onProgress = (done: number, total: number): void =>
    emit({ type: 'progress', stage: 'judge colour alone', done, total, unit: 'patches', etaSeconds: null });
  const { validation, test, losses } = await judgeModel({
    ...{ onnx, source, forward, threads, data, colour, onProgress, breathe },
    seed: recipe.seed,
  });
  await sink.put(`${rungFolder(colourRung)}/model.onnx`, onnx);
  const outcome = { id: colourRung, sha256: await sha256(onnx), validation, test, fall: null, model: null };
  return { outcome, losses };
}

/** A linear head on the averaged pretrained features, fitted to the training patches. */
async function probeOf(making: Making): Promise<Made> {
  const { ports, ready, data } = making;
  const { phases, base, attach } = ready;
  const { recipe, engine, breathe } = phases;
  const network = attachHead(engine, ports.backbone, base, attach, linearHead, data.classNames.length, recipe.seed);
  try {
    const request: PhasesRequest = { ...phases, cache: { ...phases.cache, network, pooling: 'average' } };
    const pool = createActivationPool(request, []);
    try {
      const { train } = await pool.at(0);
      await startHead(network, upperAt(request, 0), train, data, recipe.seed, breathe);
    } finally {
      await pool.close();
    }
    return await finished(making, { ...ready, network, phases: request }, probeRung, { phase: probeRung, epoch: 0 });
  } finally {
    disposeHead(network);
  }
}

/** A function that gives the network the weights of a rung, whatever it had before. */
async function restorer(
  { spec, ports, ready: { phases, network } }: Making,
  orders: readonly RungOrder[],
): Promise<(order: RungOrder) => Promise<{ phase: string; epoch: number }>> {
  const steps = stepsOf(
    phases.recipe,
    network.groups.map(({ name }) => name),
  );
  const stored = new Map<string, WeightsCheckpoint>();
  for (const name of new Set(orders.flatMap(({ chain }) => chain))) stored.set(name, await readRung(spec, ports, name));
  const depthOf = ({ origin }: WeightsCheckpoint): number => steps[origin.phaseIndex]!.phase.unfreeze;
  const deepest = upperAt(phases, Math.max(0, ...[...stored.values()].map(depthOf)));
  const pretrained: readonly WeightSnapshot[] = await deepest.snapshot();
  return async ({ chain }) => {
    deepest.restore(pretrained);
    for (const name of chain) {
      const checkpoint = stored.get(name)!;
      upperAt(phases, depthOf(checkpoint)).restore(checkpoint.weights);
    }
    const { phase, epoch } = stored.get(chain.at(-1)!)!.origin;
    return { phase, epoch };
  };
}

async function readRung({ training }: RungsSpec, { sink }: TrainPorts, name: string): Promise<WeightsCheckpoint> {
  const bytes = await sink.get(rungFile(name));
  if (bytes === null) {
    throw new EosinError('rung/missing', 'missing', `The weights of ${name} are not in the folder of the run.`, {
      remedy: 'Choose another rung, or train again.',
      fields: { rung: name },
    });
  }
  const checkpoint = await decodeCheckpoint(bytes);
  if (checkpoint.origin.planHash !== training.planHash) {
    throw new EosinError('rung/other-plan', 'conflict', `The weights of ${name} come from another plan of this run.`, {
      remedy:
        'Labels, split or weights changed before the run went on: choose a rung that it told of since, or train again.',
      fields: { rung: name },
    });
  }
  return checkpoint;
}
