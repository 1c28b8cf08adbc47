/**
 * Which depth of the backbone tells these classes apart best? ImageNet's last features are often not the best for tissue.
 *
 *     one forward pass -> pooled activations of every group -> a linear probe a group, cross-validated by patient
 *
 * Only training patches are looked at. The views that a probe learns from are jittered, those that it is judged on are not.
 */
import type * as tf from '@tensorflow/tfjs';
import type { Augment } from '../core/recipe-augment.ts';
import type { Inflation, JobEvent, ProbeDepth } from '../core/run.ts';
import { probeLimit, probeViews } from '../core/training-cost.ts';
import type { Backbone, LayerGroup } from '../networks/backbone.ts';
import { exportOnnx } from '../networks/export-onnx.ts';
import { capPerClass } from '../patches/sampling.ts';
import { allViews, viewBatches } from './augment/view-batches.ts';
import { measureInflation, showsInflation } from './inflation.ts';
import { crossValidate, probeFolds } from './linear-probe.ts';
import { pairedDifference } from './paired-difference.ts';
import type { ForwardRunnerFactory, PatchSource, PlannedPatch } from './ports.ts';
import { stageProgress } from './stage-progress.ts';
import { groupsOf, type TrainingData } from './training-data.ts';

export interface ProbeRequest {
  readonly backbone: Backbone;
  /** What `backbone.build` gave. */
  readonly base: tf.LayersModel;
  readonly source: PatchSource;
  readonly forward: ForwardRunnerFactory;
  readonly threads: number;
  readonly augment: Augment | null;
  readonly seed: number;
  readonly data: TrainingData;
}

/** What cross-validation said of one group, patch by patch. */
export interface ProbedGroup {
  readonly group: string;
  /** 1 where the patch was classified rightly by a probe that had not seen its patient. */
  readonly correct: Float32Array;
  readonly losses: Float32Array;
}

export interface DepthChoice {
  readonly depths: ProbeDepth[];
  readonly attach: string;
  readonly reason: string;
}

/** Everything that the probe finds out in its one forward pass. */
export interface Probed extends DepthChoice {
  readonly inflation: Inflation | null;
}

const forwardBatch = 16;

/** Probes every group of the backbone and chooses where the head is to grow. */
export async function probeDepths(
  request: ProbeRequest,
  emit: (event: JobEvent) => void,
  breathe: () => Promise<void>,
): Promise<Probed> {
  const { backbone, data, seed } = request;
  const classCount = data.classNames.length;
  const patches = probedPatches(request);
  const views = request.augment === null ? 1 : probeViews;
  const features = await pooledActivations(request, backbone.groups, patches, views, emit, breathe);
  const labels = patches.map(({ classIndex }) => classIndex);
  const folds = probeFolds(patches, data.patientsKnown, classCount, seed);
  const probed: ProbedGroup[] = [];
  const progress = stageProgress(emit, 'probe of each depth', backbone.groups.length, 'depths');
  for (const [g, { name }] of backbone.groups.entries()) {
    const { correct, losses } = await crossValidate(
      { features: features[g]!, views, labels, classCount },
      folds,
      breathe,
    );
    probed.push({ group: name, correct, losses });
    progress(g + 1);
  }
  const choice = chooseDepth(probed, groupsOf(patches, data));
  const chosen = features[backbone.groups.findIndex(({ name }) => name === choice.attach)]!;
  const rows = { features: chosen, views, labels, classCount };
  return { ...choice, inflation: await measureInflation(rows, patches, data.patientsKnown, seed, breathe) };
}

/** The inflation number of the features of one group, where no depth is to be chosen. */
export async function probeInflation(
  request: ProbeRequest,
  group: LayerGroup,
  emit: (event: JobEvent) => void,
  breathe: () => Promise<void>,
): Promise<Inflation | null> {
  const { data, seed } = request;
  const patches = probedPatches(request);
  if (!showsInflation(patches, data.patientsKnown)) return null;
  const [features] = await pooledActivations(request, [group], patches, 1, emit, breathe);
  const labels = patches.map(({ classIndex }) => classIndex);
  const rows = { features: features!, views: 1, labels, classCount: data.classNames.length };
  return await measureInflation(rows, patches, data.patientsKnown, seed, breathe);
}

function probedPatches({ data, seed }: ProbeRequest): PlannedPatch[] {
  const kept = capPerClass(data.train, Math.ceil(probeLimit / data.classNames.length), seed);
  return Array.from(kept, (position) => data.train[position]!);
}

/**
 * `last`, unless the group of the lowest loss is more accurate by more than one standard error of the paired difference, and its
 * loss lower by more than the best of so many groups would show by chance.
 *
 * The loss chooses: it is a proper score and tells more of few patches than right and wrong do (Gneiting and Raftery 2007), and
 * fine-tuning goes on from there. A shallower group that only does not differ clearly predicts worse on average (Chen and Yang
 * 2021, on the one-standard-error rule). Chance: of m equal groups the best seems to gain about sqrt(2 ln m) standard errors
 * (Donoho and Johnstone 1994).
 *
 * @param probed from the input up; the last one is what `last` means.
 * @param patients of each patch, for clustered errors.
 */
export function chooseDepth(probed: readonly ProbedGroup[], patients: readonly string[]): DepthChoice {
  const zeros = new Float32Array(patients.length);
  const depths = probed.map(({ group, correct, losses }) => {
    const { mean, standardError } = pairedDifference(correct, zeros, patients);
    return { group, accuracy: mean, standardError, loss: pairedDifference(losses, zeros, patients).mean };
  });
  const best = depths.reduce((least, { loss }, g) => (loss < depths[least]!.loss ? g : least), 0);
  const last = probed.length - 1;
  const { group, correct, losses } = probed[best]!;
  const gain = pairedDifference(correct, probed[last]!.correct, patients);
  const fall = pairedDifference(probed[last]!.losses, losses, patients);
  const said = `${percent(gain.mean)} points (standard error ${percent(gain.standardError)})`;
  const saidOfLoss = `${fall.mean.toFixed(3)} (standard error ${fall.standardError.toFixed(3)})`;
  const stay = (reason: string): DepthChoice => ({ depths, attach: probed[last]!.group, reason });
  if (best === last) return stay('no group has a lower loss than the last');
  if (gain.mean <= gain.standardError) return stay(`${group} gains only ${said} over the last group`);
  if (fall.mean <= Math.sqrt(2 * Math.log(last)) * fall.standardError) {
    return stay(
      `${group} gains ${said} over the last group, but its loss falls by ${saidOfLoss}: no more than the best of ${last} groups ` +
        'would by chance',
    );
  }
  return { depths, attach: group, reason: `${group} has the lowest loss, and gains ${said} over the last group` };
}

/** One forward pass: for each of `groups` [patches * views, channels], row by row. */
async function pooledActivations(
  { backbone, base, source, forward, threads, augment, seed }: ProbeRequest,
  groups: readonly LayerGroup[],
  patches: readonly PlannedPatch[],
  views: number,
  emit: (event: JobEvent) => void,
  breathe: () => Promise<void>,
): Promise<Float32Array[]> {
  const requests = allViews(patches, views);
  const progress = stageProgress(emit, 'depth probe', requests.length, 'pictures');
  const features = groups.map(({ channels }) => new Float32Array(requests.length * channels));
  const outputs = groups.map(({ name, output }) => ({ name, layer: output, pooled: true }));
  const onnx = await exportOnnx({ model: base, preprocessing: backbone.preprocessing, outputs });
  const runner = await forward.create(onnx, threads);
  try {
    for await (const { pixels, count, from } of viewBatches(source, augment, seed, requests, forwardBatch)) {
      const pooled = await runner.run(pixels, count);
      for (const [g, { name, channels }] of groups.entries()) features[g]!.set(pooled[name]!, from * channels);
      progress(from + count);
      await breathe();
    }
  } finally {
    await runner.close();
  }
  return features;
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}
