/** A network that has learned becomes the files of a model, and the saved form is judged: the end of a training, and of each rung. */
import type { JobEvent } from '../core/run.ts';
import type { LogisticModel } from '../evaluation/logistic-regression.ts';
import type { TrainOutcome, TrainSpec } from '../jobs/job-spec.ts';
import { judgeModel } from './judge-model.ts';
import type { Ready, TrainPorts } from './prepare.ts';
import { saveModel } from './save-model.ts';
import type { TrainingData } from './training-data.ts';

export interface FinishRequest {
  readonly spec: Pick<TrainSpec, 'threads' | 'recipe'>;
  readonly ports: TrainPorts;
  readonly ready: Ready;
  /** Where the model's files go, below the run's folder. */
  readonly folder: string;
  /** The phase and epoch whose weights the network has. */
  readonly best: { readonly phase: string; readonly epoch: number };
  /** What it is judged on: the run's data, or a part of it. */
  readonly data: TrainingData;
  readonly colour?: LogisticModel;
  /** What the judging is called while it goes on. */
  readonly stage?: string;
  readonly emit: (event: JobEvent) => void;
}

/** Saves and judges. Throws as `saveModel`; `losses` is the loss of each validation patch. */
export async function finishNetwork(request: FinishRequest): Promise<{ outcome: TrainOutcome; losses: Float64Array }> {
  const { spec, ports, ready, folder, best, data, colour, stage = 'evaluation', emit } = request;
  const { threads, recipe } = spec;
  const { backbone, weights, source, forward, sink } = ports;
  const { phases, network, attach, engine } = ready;
  const { breathe } = phases;
  const onProgress = (done: number, total: number): void =>
    emit({ type: 'progress', stage, done, total, unit: 'patches', etaSeconds: null });
  const golden = [...data.validation, ...data.train];
  const saved = await saveModel(
    { engine: phases.engine, network, source, forward, threads, sink, folder, breathe },
    golden,
  );
  const { onnx, parity, files } = saved;
  const judging = { onnx, source, forward, threads, data, seed: recipe.seed, onProgress, breathe };
  const { validation, test, losses } = await judgeModel({ ...judging, ...(colour && { colour }) });
  const outcome: TrainOutcome = {
    attach,
    bestPhase: best.phase,
    bestEpoch: best.epoch,
    backbone: { name: backbone.name, sha256: weights.sha256, provenance: backbone.provenance },
    preprocessing: backbone.preprocessing,
    validation,
    test,
    parity,
    engine,
    files,
  };
  return { outcome, losses };
}
