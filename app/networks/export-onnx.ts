/**
 * A layers model as ONNX bytes for onnxruntime: BatchNormalization folded, preprocessing inside the graph.
 *
 *     pixels uint8 [N, size, size, 3] -> Transpose -> Cast -> (x - mean) / scale -> layers -> named outputs float32
 */
import type * as tf from '@tensorflow/tfjs';
import type { Preprocessing } from './backbone.ts';
import { type LayerNode, layerGraph } from './layer-graph.ts';
import type { Network } from './network.ts';
import { OnnxGraphBuilder } from './onnx-graph.ts';
import { type ExportState, exportLayer, globalPooling } from './onnx-layers.ts';
import { FLOAT, type OnnxValue, UINT8 } from './onnx-proto.ts';

export interface OnnxOutput {
  /** Its name in the graph. */
  readonly name: string;
  /** The layer whose output it is. */
  readonly layer: string;
  /** True: the mean over height and width, `[N, channels]`; false: the output itself, 4-d ones as NHWC. */
  readonly pooled: boolean;
}

export interface OnnxExport {
  readonly model: tf.LayersModel;
  readonly preprocessing: Preprocessing;
  /** Only layers that these need are exported. */
  readonly outputs: readonly OnnxOutput[];
}

/**
 * Depth probe: every group with `pooled: true`. Cache: the boundary group with `pooled: false`. The input is `pixels`.
 *
 * @throws EosinError `network/layer-kind` for a layer that has no ONNX form here, `network/no-such-layer`.
 */
export async function exportOnnx(request: OnnxExport): Promise<Uint8Array> {
  const { model, preprocessing, outputs } = request;
  const layers = layerGraph(
    model,
    outputs.map((output) => output.layer),
  );
  const input = layers.find((node) => node.kind === 'InputLayer')!;
  const graph = new OnnxGraphBuilder();
  const state: ExportState = {
    graph,
    nodes: new Map(layers.map((node) => [node.name, node])),
    readers: readersOf(layers),
    kept: new Set(outputs.map((output) => output.layer)),
    values: new Map([[input.name, preprocess(graph, preprocessing)]]),
    folded: new Map(),
  };
  for (const node of layers) {
    if (node !== input) await exportLayer(state, node);
  }
  const values = outputs.map((output) => addOutput(state, output));
  const pixels: OnnxValue = { name: 'pixels', elemType: UINT8, dims: ['N', ...input.shape] };
  return graph.encode(model.name, [pixels], values);
}

/** The finished classifier: `pixels` -> `probabilities` `[N, classes]`. */
export function exportClassifier(network: Network): Promise<Uint8Array> {
  return exportOnnx({
    model: network.model,
    preprocessing: network.preprocessing,
    outputs: [{ name: 'probabilities', layer: network.head.probabilities, pooled: false }],
  });
}

function readersOf(layers: readonly LayerNode[]): Map<string, LayerNode[]> {
  const readers = new Map<string, LayerNode[]>(layers.map((node) => [node.name, []]));
  for (const node of layers) for (const name of node.inputs) readers.get(name)!.push(node);
  return readers;
}

/** uint8 NHWC in 0..255 -> float32 NCHW as the network wants it. Bytes are turned before they become four times as long. */
function preprocess(graph: OnnxGraphBuilder, { channels, mean, scale }: Preprocessing): string {
  let x = graph.add('Transpose', ['pixels'], 'pixels/nchw', { perm: [0, 3, 1, 2] });
  if (channels === 'bgr') x = graph.add('Gather', [x, graph.integers('bgr', [2, 1, 0])], 'pixels/bgr', { axis: 1 });
  x = graph.add('Cast', [x], 'pixels/float', { to: FLOAT });
  const same = (values: readonly number[]): boolean => values.every((value) => value === values[0]);
  const constant = (name: string, values: readonly number[]): string =>
    same(values) ? graph.floats(name, [values[0]!], []) : graph.floats(name, values, [1, 3, 1, 1]);
  if (mean.some((value) => value !== 0)) x = graph.add('Sub', [x, constant('mean', mean)], 'pixels/centred');
  if (scale.every((value) => value === 1)) return x;
  const inverse = scale.map((value) => 1 / value);
  return graph.add('Mul', [x, constant('1/scale', inverse)], 'pixels/scaled');
}

function addOutput({ graph, nodes, values }: ExportState, { name, layer, pooled }: OnnxOutput): OnnxValue {
  const { shape } = nodes.get(layer)!;
  const x = values.get(layer)!;
  const spatial = shape.length === 3;
  if (spatial && pooled) {
    globalPooling(graph, 'GlobalAveragePool', x, name);
    return { name, elemType: FLOAT, dims: ['N', shape[2]!] };
  }
  if (spatial) graph.add('Transpose', [x], name, { perm: [0, 2, 3, 1] });
  else graph.add('Identity', [x], name);
  return { name, elemType: FLOAT, dims: ['N', ...shape] };
}
