/**
 * The colour baseline as an ONNX graph like that of a network, so that it looks at a slide through the same code:
 *
 *     pixels uint8 [N, size, size, rgb] -> bin of each px -> counts [N, 512] -> sqrt(share) -> standardise -> softmax
 */
import type { LogisticModel } from '../evaluation/logistic-regression.ts';
import { OnnxGraphBuilder } from '../networks/onnx-graph.ts';
import { FLOAT, INT64, UINT8 } from '../networks/onnx-proto.ts';

/** ScatterElements adds up since this one. */
const operatorSet = 16;

/** `pixels` -> `probabilities` [N, classes], as `predictLogistic` of `colourFeatures`. */
export function exportColourClassifier(model: LogisticModel, sizePx: number): Uint8Array {
  const { featureCount: d, classCount, mean, scale, weights } = model;
  const graph = new OnnxGraphBuilder();
  const pixelCount = sizePx * sizePx;
  // The bin of a px: the upper three bits of red, green and blue, as one number of 0..511.
  const values = graph.add('Cast', ['pixels'], 'values', { to: FLOAT });
  const eighths = graph.add('Mul', [values, graph.floats('1/32', [1 / 32], [])], 'eighths');
  const upper = graph.add('Floor', [eighths], 'upper');
  const bins = graph.add('MatMul', [upper, graph.floats('places', [64, 8, 1], [3, 1])], 'bins');
  const flat = graph.add('Reshape', [bins, graph.integers('flat', [-1, pixelCount])], 'bins/flat'); // [N, pixels]
  const index = graph.add('Cast', [flat], 'bins/index', { to: INT64 });
  // Each px adds its share to its bin.
  const none = graph.add('Mul', [flat, graph.floats('0', [0], [])], 'none');
  const share = graph.add('Add', [none, graph.floats('1/pixels', [1 / pixelCount], [])], 'share');
  const ends = [graph.integers('from', [0]), graph.integers('to', [1]), graph.integers('axis', [1])];
  const column = graph.add('Slice', [none, ...ends], 'none/column'); // [N, 1]
  const empty = graph.add('Add', [column, graph.floats('zeros', new Float32Array(d), [1, d])], 'empty'); // [N, d]
  const counts = graph.add('ScatterElements', [empty, index, share], 'counts', { axis: 1, reduction: 'add' });
  const features = graph.add('Sqrt', [counts], 'features');
  const centred = graph.add('Sub', [features, graph.floats('mean', mean, [1, d])], 'features/centred');
  const z = graph.add('Mul', [centred, graph.floats('scale', scale, [1, d])], 'features/standardised');
  const { kernel, bias } = layerOf(weights, classCount, d);
  const layer = [graph.floats('kernel', kernel, [classCount, d]), graph.floats('bias', bias)];
  const logits = graph.add('Gemm', [z, ...layer], 'logits', { transB: 1 });
  graph.add('Softmax', [logits], 'probabilities', { axis: 1 });
  return graph.encode(
    'colour',
    [{ name: 'pixels', elemType: UINT8, dims: ['N', sizePx, sizePx, 3] }],
    [{ name: 'probabilities', elemType: FLOAT, dims: ['N', classCount] }],
    operatorSet,
  );
}

/** Rows of [d weights, bias] as a kernel [classCount, d] and a bias. */
function layerOf(rows: Float64Array, classCount: number, d: number): { kernel: Float32Array; bias: Float32Array } {
  const kernel = new Float32Array(classCount * d);
  const bias = new Float32Array(classCount);
  for (let k = 0; k < classCount; k++) {
    const row = rows.subarray(k * (d + 1), (k + 1) * (d + 1));
    kernel.set(row.subarray(0, d), k * d);
    bias[k] = row[d]!;
  }
  return { kernel, bias };
}
