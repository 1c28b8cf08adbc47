/**
 * What learning takes in memory, known before it starts, and the largest micro-batch that the engine's bound allows.
 *
 *     bytes = process + a * weights + b * learning weights + c * kept values of one picture * pictures
 *
 * a: the model and what it was read from. b: gradients, the optimizer's two moments, and the copies that a run goes back to.
 * c: values are kept for the backward pass, which frees them on its way; an engine's workspace comes on top.
 * The factors were fitted to the largest resident size of training processes (`npm run bench engine`).
 */

/** What decides how much memory learning takes. */
export interface LearningPart {
  /** Numbers that the layers that learn put out for one picture, one each for convolution, bias and activation. */
  readonly values: number;
  /** All weights of the network. */
  readonly weights: number;
  /** The weights that learn. */
  readonly learning: number;
}

interface MemoryModel {
  readonly processBytes: number;
  /** Bytes a weight, beside it a learning weight, and a kept value of a picture. */
  readonly weightBytes: number;
  readonly learningBytes: number;
  readonly valueBytes: number;
  /** What the training process may take; the host and its decode processes need half a gigabyte beside it. */
  readonly boundBytes: number;
}

/** The wasm heap ends at 4 GB, and computers without a native engine are the smaller ones. */
const wasm: MemoryModel = {
  processBytes: 300e6,
  weightBytes: 3 * 4,
  learningBytes: 14 * 4,
  valueBytes: 1.05 * 4,
  boundBytes: 2.3e9,
};
const native: MemoryModel = {
  processBytes: 480e6,
  weightBytes: 3 * 4,
  learningBytes: 12 * 4,
  valueBytes: 1.45 * 4,
  boundBytes: 3.4e9,
};

/** Counted in the GPU's memory, with what the backend keeps for the next step; smaller GPUs have 4 GB and share them. */
const webgpu: MemoryModel = {
  processBytes: 50e6,
  weightBytes: 2 * 4,
  learningBytes: 6 * 4,
  valueBytes: 2.5 * 4,
  boundBytes: 2.5e9,
};

/** What the training process takes at its peak when `pictures` learn at once; within a quarter of what was measured. */
export function trainingBytes(part: LearningPart, pictures: number, engineId: string): number {
  const model = modelOf(engineId);
  return standingBytes(part, model) + pictures * model.valueBytes * part.values;
}

/** Pictures a micro-batch, 1 to `batchSize`: as many as fit, and then as even as they go. */
export function microBatchFor(part: LearningPart, batchSize: number, engineId: string): number {
  const model = modelOf(engineId);
  const room = model.boundBytes - standingBytes(part, model);
  const most = Math.max(1, Math.floor(room / Math.max(1, model.valueBytes * part.values)));
  return Math.ceil(batchSize / Math.ceil(batchSize / most));
}

function modelOf(engineId: string): MemoryModel {
  if (engineId === 'webgpu') return webgpu;
  return engineId === 'wasm' || engineId === 'cpu' ? wasm : native;
}

/** Before the first picture. */
function standingBytes({ weights, learning }: LearningPart, model: MemoryModel): number {
  return model.processBytes + model.weightBytes * weights + model.learningBytes * learning;
}
