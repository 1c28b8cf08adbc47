/** What the saved model does on the parts of the split that it did not learn from, beside what colour alone would do. */
import type { Evaluation } from '../core/run.ts';
import {
  colourBaselineAccuracy,
  colourFeatureCount,
  colourFeatures,
  trainColourBaseline,
} from '../evaluation/colour-baseline.ts';
import { evaluate } from '../evaluation/evaluate.ts';
import type { LogisticModel } from '../evaluation/logistic-regression.ts';
import { logLossesOf } from '../evaluation/metrics.ts';
import { viewBatches } from './augment/view-batches.ts';
import type { ForwardRunnerFactory, PatchSource, PlannedPatch } from './ports.ts';
import type { TrainingData } from './training-data.ts';

export interface JudgeRequest {
  readonly onnx: Uint8Array;
  readonly source: PatchSource;
  readonly forward: ForwardRunnerFactory;
  readonly threads: number;
  readonly data: TrainingData;
  readonly seed: number;
  /** What colour alone tells, where it was learned already. */
  readonly colour?: LogisticModel;
  /** Patches that were looked at, of all that will be. */
  readonly onProgress: (done: number, total: number) => void;
  readonly breathe: () => Promise<void>;
}

export interface Judgement {
  readonly validation: Evaluation;
  readonly test: Evaluation | null;
  /** The loss of each validation patch. */
  readonly losses: Float64Array;
}

const batchSize = 16;

/** Called after `count` more patches were looked at. */
type Look = (count: number) => Promise<void>;

function countLooks({ onProgress, breathe }: JudgeRequest, total: number): Look {
  let done = 0;
  let told = 0;
  return async (count) => {
    done += count;
    if (done - told >= batchSize || done === total) {
      told = done;
      onProgress(done, total);
    }
    await breathe();
  };
}

/** Runs the saved ONNX model, not the network in memory, on validation and test. */
export async function judgeModel(request: JudgeRequest): Promise<Judgement> {
  const { data } = request;
  const judged = data.validation.length + data.test.length;
  const look = countLooks(request, (request.colour ? 0 : data.train.length) + 2 * judged);
  const colour = request.colour ?? (await learnColour(request, look));
  const judge = async (patches: readonly PlannedPatch[]): Promise<{ evaluation: Evaluation; losses: Float64Array }> => {
    const truth = patches.map(({ classIndex }) => classIndex);
    const probabilities = await probabilitiesOf(request, patches, look);
    const evaluation = evaluate({
      truth,
      probabilities,
      classNames: data.classNames,
      patients: data.patientsKnown ? patches.map(({ patient }) => patient) : null,
      seed: request.seed,
      colourBaseline: colourBaselineAccuracy(colour, await colourOf(request, patches, look), truth),
    });
    return { evaluation, losses: logLossesOf(truth, probabilities, data.classNames.length) };
  };
  const { evaluation: validation, losses } = await judge(data.validation);
  const test = data.test.length > 0 ? (await judge(data.test)).evaluation : null;
  return { validation, test, losses };
}

/** What colour alone tells of the training patches; `look` is awaited after each of them. */
export async function learnColour(
  { source, data }: Pick<JudgeRequest, 'source' | 'data'>,
  look: Look,
): Promise<LogisticModel> {
  const labels = data.train.map(({ classIndex }) => classIndex);
  return trainColourBaseline(await colourOf({ source }, data.train, look), labels, data.classNames.length);
}

/** [n, classes] row by row. */
async function probabilitiesOf(
  { onnx, source, forward, threads, data }: JudgeRequest,
  patches: readonly PlannedPatch[],
  look: Look,
): Promise<Float32Array> {
  const classCount = data.classNames.length;
  const probabilities = new Float32Array(patches.length * classCount);
  const runner = await forward.create(onnx, threads);
  try {
    for await (const { pixels, count, from } of viewBatches(source, null, 0, requestsOf(patches), batchSize)) {
      const rows = (await runner.run(pixels, count)).probabilities!;
      probabilities.set(rows.subarray(0, count * classCount), from * classCount);
      await look(count);
    }
  } finally {
    await runner.close();
  }
  return probabilities;
}

/** [n, colourFeatureCount] row by row. */
async function colourOf(
  { source }: Pick<JudgeRequest, 'source'>,
  patches: readonly PlannedPatch[],
  look: Look,
): Promise<Float32Array> {
  const features = new Float32Array(patches.length * colourFeatureCount);
  const bytes = source.sizePx ** 2 * 3;
  for await (const { pixels, from } of viewBatches(source, null, 0, requestsOf(patches), 1)) {
    colourFeatures(pixels.subarray(0, bytes), features, from * colourFeatureCount);
    await look(1);
  }
  return features;
}

function requestsOf(patches: readonly PlannedPatch[]): { patch: number; view: number }[] {
  return patches.map(({ index }) => ({ patch: index, view: 0 }));
}
