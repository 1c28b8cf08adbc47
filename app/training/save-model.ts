/** The finished network as files, and the proof that both forms of it say the same. */
import type * as tf from '@tensorflow/tfjs';
import { EosinError } from '../core/errors.ts';
import { exportClassifier } from '../networks/export-onnx.ts';
import { encodeLayersModel, WEIGHTS_FILE } from '../networks/layers-model-files.ts';
import type { Network } from '../networks/network.ts';
import { viewBatches } from './augment/view-batches.ts';
import { sha256 } from './checkpoint.ts';
import type { ArtifactSink, ForwardRunnerFactory, PatchSource, PlannedPatch } from './ports.ts';
import { preprocess } from './preprocess.ts';

export interface SavedModel {
  /** model.onnx: uint8 pictures in, probabilities out. */
  readonly onnx: Uint8Array;
  /** Largest difference of a probability between model.onnx and the layers model on the golden patches. */
  readonly parity: number;
  /** Names below the folder. */
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
}

export interface SaveRequest {
  readonly engine: typeof tf;
  readonly network: Network;
  readonly source: PatchSource;
  readonly forward: ForwardRunnerFactory;
  readonly threads: number;
  readonly sink: ArtifactSink;
  /** Where the files go, below the run's folder. */
  readonly folder: string;
  readonly breathe: () => Promise<void>;
}

/** More than this between the two forms of a model is a fault, not rounding. */
const parityLimit = 1e-4;
/** Patches that the two forms are compared on. */
const goldenCount = 64;
const batchSize = 8;

/**
 * Writes `model.json`, `weights.bin` and `model.onnx` into the folder.
 *
 * @param golden patches to compare on; at most 64 of them are used, evenly spread.
 * @throws EosinError `train/parity` when the two differ by 1e-4 or more, `train/diverged` when a weight is not a number;
 * nothing is written then.
 */
export async function saveModel(request: SaveRequest, golden: readonly PlannedPatch[]): Promise<SavedModel> {
  const { network, sink, folder } = request;
  await assertFinite(network);
  const onnx = await exportClassifier(network);
  const parity = await compare(request, onnx, spread(golden, goldenCount));
  if (!(parity < parityLimit)) {
    throw new EosinError(
      'train/parity',
      'internal',
      `The saved ONNX model differs from the trained one by ${parity.toExponential(1)}; ${parityLimit} is allowed.`,
      { remedy: 'Nothing was saved. Train on another engine (--engine cpu) and report this.', fields: { parity } },
    );
  }
  const { modelJson, weights } = await encodeLayersModel(network.model);
  const files: [string, Uint8Array][] = [
    ['model.json', modelJson],
    [WEIGHTS_FILE, weights],
    ['model.onnx', onnx],
  ];
  for (const [name, bytes] of files) await sink.put(`${folder}/${name}`, bytes);
  const hashes = await Promise.all(files.map(async ([name, bytes]) => ({ name, sha256: await sha256(bytes) })));
  return { onnx, parity, files: hashes };
}

/** Largest difference of a probability between the ONNX graph and the layers model. */
async function compare(
  { engine, network, source, forward, threads, breathe }: SaveRequest,
  onnx: Uint8Array,
  golden: readonly PlannedPatch[],
): Promise<number> {
  const runner = await forward.create(onnx, threads);
  const requests = golden.map(({ index }) => ({ patch: index, view: 0 }));
  let largest = 0;
  try {
    for await (const { pixels, count } of viewBatches(source, null, 0, requests, batchSize)) {
      const pictures = pixels.subarray(0, count * source.sizePx ** 2 * 3);
      const saved = (await runner.run(pixels, count)).probabilities!;
      const trained = engine.tidy(() => {
        const values = preprocess(pictures, network.preprocessing);
        const x = engine.tensor4d(values, [count, source.sizePx, source.sizePx, 3]); // [n, size, size, channels]
        return network.model.predict(x) as tf.Tensor; // [n, classes]
      });
      const expected = await trained.data();
      trained.dispose();
      for (let i = 0; i < expected.length; i++) {
        const difference = Math.abs(expected[i]! - saved[i]!);
        largest = difference <= largest ? largest : difference; // a NaN is taken over, too
      }
      await breathe();
    }
  } finally {
    await runner.close();
  }
  return largest;
}

async function assertFinite(network: Network): Promise<void> {
  for (const weight of network.model.getWeights()) {
    const values = await weight.data();
    if (values.every(Number.isFinite)) continue;
    throw new EosinError('train/diverged', 'input', 'The trained network holds values that are not numbers.', {
      remedy: 'Nothing was saved. Train again at half the learning rate.',
    });
  }
}

/** At most `count` items, evenly spread. */
function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!);
}
