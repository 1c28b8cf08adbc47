/** What stands before the first step of a run: the data, the network with its head where the recipe or the probe puts it. */
import type * as tf from '@tensorflow/tfjs';
import type { Inflation, JobEvent } from '../core/run.ts';
import type { TestedEngine } from '../engine/engine.ts';
import type { LearningSpec, TrainOutcome } from '../jobs/job-spec.ts';
import type { Backbone, BackboneWeights } from '../networks/backbone.ts';
import { backboneUpTo } from '../networks/layer-groups.ts';
import { attachHead, type Network } from '../networks/network.ts';
import { createBreather } from './breathe.ts';
import type { EpochCheckpoint } from './checkpoint.ts';
import { probeDepths, probeInflation } from './depth-probe.ts';
import { createDecider } from './divergence.ts';
import type { PhasesRequest } from './phases.ts';
import type { ArtifactSink, CacheStoreFactory, ForwardRunnerFactory, PatchSource } from './ports.ts';
import { findEpoch } from './resume.ts';
import { type TrainingData, trainingData } from './training-data.ts';

export interface TrainPorts {
  readonly engine: TestedEngine;
  readonly backbone: Backbone;
  readonly weights: BackboneWeights;
  readonly source: PatchSource;
  readonly caches: CacheStoreFactory;
  readonly forward: ForwardRunnerFactory;
  /** The run's folder: checkpoints/, rungs/ and model/ are written through it. */
  readonly sink: ArtifactSink;
  /** Aborted once the run is to stop where it is, to go on later without a loss; absent: never. */
  readonly pause?: AbortSignal | undefined;
}

/** What a crash may cost at most. */
const fiveMinutesMs = 5 * 60_000;

/** A network that is ready to learn. */
export interface Ready {
  readonly phases: PhasesRequest;
  readonly network: Network;
  /** The whole backbone, whose layers the network shares. */
  readonly base: tf.LayersModel;
  readonly attach: string;
  readonly engine: TrainOutcome['engine'];
}

/**
 * Builds the network, gives it to `work`, and frees it.
 *
 * @param start whether checkpoints of an earlier attempt are looked at, or where the head stands already.
 * @throws EosinError `train/...` for what cannot be trained, `job/cancelled` on cancel.
 */
export async function withNetwork<T>(
  spec: LearningSpec,
  ports: TrainPorts,
  emit: (event: JobEvent) => void,
  signal: AbortSignal,
  start: 'resume' | 'anew' | { readonly attach: string },
  work: (ready: Ready) => Promise<T>,
): Promise<T> {
  const { recipe, threads, planHash, appVersion, patientsKnown, checkpointEveryMs = fiveMinutesMs } = spec;
  const { engine, backbone, weights, source, caches, forward, sink, pause } = ports;
  const breathe = createBreather(pause ? AbortSignal.any([signal, pause]) : signal);
  const classNames = spec.classes.map(({ name }) => name);
  const data = trainingData(spec.patches, classNames, recipe, patientsKnown);
  const { id, device, gradientError } = engine;
  const ranOn = {
    id,
    device,
    threads: engine.threads,
    gradientError,
    ...(spec.mostAtOnce && { mostAtOnce: spec.mostAtOnce }),
  };
  emit({ type: 'engine', ...ranOn });
  const base = await backbone.build(engine.tf, weights, source.sizePx, { ownHead: recipe.head.kind === 'keep' });
  let network: Network | null = null;
  try {
    const resume = start === 'resume' ? await findResume(spec, ports, emit) : null;
    const known = typeof start === 'object' ? start.attach : resume?.origin.attach;
    const attach = known ?? (await chooseAttach(spec, ports, base, data, emit, breathe));
    network = attachHead(engine.tf, backbone, base, attach, recipe.head, classNames.length, recipe.seed);
    const { head, augment, seed } = recipe;
    const pooling = head.kind === 'keep' ? 'flatten' : head.pooling;
    const cache = { network, pooling, source, forward, caches, threads, augment, seed };
    const origin = { planHash, appVersion, engine: engine.id, attach };
    const phases = {
      engine: engine.tf,
      cache,
      data,
      recipe,
      sink,
      origin,
      resume,
      mostAtOnce: spec.mostAtOnce,
      checkpointEveryMs,
      decide: createDecider(spec.diverging ?? { answer: null, ask: false }, emit),
      pause,
      emit,
      breathe,
    };
    return await work({ phases, network, base, attach, engine: ranOn });
  } finally {
    disposeHead(network);
    base.dispose();
  }
}

/** The last epoch of the same plan, if an earlier attempt at this run left one. */
async function findResume(
  { planHash, appVersion }: LearningSpec,
  { sink, engine }: TrainPorts,
  emit: (event: JobEvent) => void,
): Promise<EpochCheckpoint | null> {
  const warn = (text: string): void => emit({ type: 'note', level: 'warning', text });
  const resume = await findEpoch(sink, { planHash, appVersion, engine: engine.id }, warn);
  if (resume) {
    const { phase, epoch } = resume.origin;
    const { middle } = resume.state;
    const where = middle ? `in epoch ${epoch + 1}, after ${middle.batches} batches,` : `after epoch ${epoch}`;
    emit({ type: 'note', level: 'info', text: `The run goes on ${where} of phase ${phase}.` });
  }
  return resume;
}

/** The network shares the backbone's layers, which go with the backbone; only the head's are its own. */
export function disposeHead(network: Network | null): void {
  if (network === null) return;
  for (const name of network.head.made) network.model.getLayer(name).dispose();
}

/** The group that the head grows on: as the recipe says, or what the depth probe finds for `auto`. */
async function chooseAttach(
  { recipe, threads }: LearningSpec,
  { backbone, source, forward }: TrainPorts,
  base: tf.LayersModel,
  data: TrainingData,
  emit: (event: JobEvent) => void,
  breathe: () => Promise<void>,
): Promise<string> {
  const { augment, seed } = recipe;
  const request = { backbone, base, source, forward, threads, augment, seed, data };
  const tell = (inflation: Inflation | null): void => void (inflation && emit({ type: 'inflation', ...inflation }));
  if (recipe.attach !== 'auto') {
    const group = backboneUpTo(backbone.groups, recipe.attach).at(-1)!;
    tell(await probeInflation(request, group, emit, breathe));
    return group.name;
  }
  const { depths, attach, reason, inflation } = await probeDepths(request, emit, breathe);
  emit({ type: 'probe', depths, attach, reason });
  tell(inflation);
  return attach;
}
