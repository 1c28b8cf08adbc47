/**
 * How each kind of layer looks in ONNX. Keras works on NHWC, ONNX on NCHW: inside the graph every 4-d value is NCHW.
 * BatchNormalization behind a convolution and padding before one disappear into the convolution.
 */

import { type LayerNode, unsupportedLayer, weightOf } from './layer-graph.ts';
import { activationOf, convolutionSettings, poolingSettings, reluLimit } from './layer-settings.ts';
import type { OnnxGraphBuilder } from './onnx-graph.ts';

/** [top, left, bottom, right] */
type Pads = readonly [number, number, number, number];

export interface ExportState {
  readonly graph: OnnxGraphBuilder;
  readonly nodes: ReadonlyMap<string, LayerNode>;
  /** The layers that read a layer's output. */
  readonly readers: ReadonlyMap<string, readonly LayerNode[]>;
  /** Layers whose own output is wanted, so they must not be folded away. */
  readonly kept: ReadonlySet<string>;
  /** Layer name -> name of its value in the graph. */
  readonly values: Map<string, string>;
  /** Padding layers that were folded, and BatchNormalization layers that a convolution took in. */
  readonly folded: Map<string, Pads | 'batch-norm'>;
}

/** Adds one layer. @throws EosinError `network/layer-kind` */
export async function exportLayer(state: ExportState, node: LayerNode): Promise<void> {
  const write = LAYERS[node.kind];
  if (write === undefined) throw unsupportedLayer(node, 'it has no ONNX form here');
  const inputs = node.inputs.map((name) => state.values.get(name)!);
  state.values.set(node.name, await write(state, node, inputs));
}

type Writer = (state: ExportState, node: LayerNode, inputs: string[]) => string | Promise<string>;

const LAYERS: Readonly<Record<string, Writer>> = {
  ZeroPadding2D: ({ graph, readers, folded, kept }, node, [x]) => {
    const [[top, bottom], [left, right]] = node.config.padding as [[number, number], [number, number]];
    const convolution = ['Conv2D', 'DepthwiseConv2D'];
    const intoConvolution = readers
      .get(node.name)!
      .every((reader) => convolution.includes(reader.kind) && reader.config.padding === 'valid');
    if (intoConvolution && !kept.has(node.name)) {
      folded.set(node.name, [top, left, bottom, right]);
      return x!;
    }
    const pads = graph.integers(`${node.name}/pads`, [0, 0, top, left, 0, 0, bottom, right]);
    return graph.add('Pad', [x!, pads], node.name);
  },
  Conv2D: (state, node, inputs) => convolution(state, node, inputs[0]!),
  DepthwiseConv2D: (state, node, inputs) => convolution(state, node, inputs[0]!),
  BatchNormalization: async ({ graph, folded }, node, [x]) => {
    if (folded.get(node.name) === 'batch-norm') return x!;
    const { factor, shift } = await affineOf(node);
    const dims = node.shape.length === 3 ? [1, factor.length, 1, 1] : [1, factor.length];
    const scaled = graph.add('Mul', [x!, graph.floats(`${node.name}/factor`, factor, dims)], `${node.name}/scaled`);
    return graph.add('Add', [scaled, graph.floats(`${node.name}/shift`, shift, dims)], node.name);
  },
  ReLU: ({ graph }, node, [x]) => relu(graph, node.name, x!, reluLimit(node)),
  Activation: ({ graph }, node, [x]) => activate(graph, node, x!, node.name),
  Softmax: ({ graph }, node, [x]) => graph.add('Softmax', [x!], node.name, { axis: -1 }),
  Add: ({ graph }, node, inputs) =>
    inputs
      .slice(1)
      .reduce(
        (sum, x, i) => graph.add('Add', [sum, x], i === inputs.length - 2 ? node.name : `${node.name}/${i}`),
        inputs[0]!,
      ),
  Concatenate: ({ graph }, node, inputs) => graph.add('Concat', inputs, node.name, { axis: 1 }),
  MaxPooling2D: (state, node, [x]) => pooling(state, node, x!, 'MaxPool'),
  AveragePooling2D: (state, node, [x]) => pooling(state, node, x!, 'AveragePool'),
  GlobalAveragePooling2D: ({ graph }, node, [x]) => globalPooling(graph, 'GlobalAveragePool', x!, node.name),
  GlobalMaxPooling2D: ({ graph }, node, [x]) => globalPooling(graph, 'GlobalMaxPool', x!, node.name),
  Flatten: ({ graph, nodes }, node, [x]) => {
    const spatial = nodes.get(node.inputs[0]!)!.shape.length === 3;
    const rows = spatial ? graph.add('Transpose', [x!], `${node.name}/nhwc`, { perm: [0, 2, 3, 1] }) : x!;
    return graph.add('Flatten', [rows], node.name, { axis: 1 });
  },
  Dense: async ({ graph }, node, [x]) => {
    const { variable } = weightOf(node, 'kernel')!;
    const kernel = graph.floats(`${node.name}/kernel`, await variable.data(), variable.shape); // [in, out]
    const bias = weightOf(node, 'bias');
    const values = bias === undefined ? new Float32Array(variable.shape[1]!) : await bias.variable.data();
    const linear = activationOf(node) === 'linear';
    const output = linear ? node.name : `${node.name}/linear`;
    const sum = graph.add('Gemm', [x!, kernel, graph.floats(`${node.name}/bias`, values)], output);
    return activate(graph, node, sum, node.name);
  },
  Dropout: (_state, _node, [x]) => x!,
};

/** Mean or maximum over height and width, `[N, channels]`. */
export function globalPooling(graph: OnnxGraphBuilder, opType: string, x: string, output: string): string {
  return graph.add('Flatten', [graph.add(opType, [x], `${output}/1x1`)], output, { axis: 1 });
}

async function convolution(state: ExportState, node: LayerNode, x: string): Promise<string> {
  const { graph, nodes, readers, folded, kept } = state;
  const { strides, padding } = convolutionSettings(node);
  const depthwise = node.kind === 'DepthwiseConv2D';
  const { variable } = weightOf(node, depthwise ? 'depthwise_kernel' : 'kernel')!;
  const [kh, kw, cin, last] = variable.shape as [number, number, number, number];
  const outputs = depthwise ? cin * last : last;
  const inputs = depthwise ? 1 : cin; // a group
  const values = await variable.data();

  const reader = readers.get(node.name) ?? [];
  const batchNorm = reader.length === 1 && reader[0]!.kind === 'BatchNormalization' ? reader[0]! : null;
  const fold = batchNorm !== null && !kept.has(node.name) && activationOf(node) === 'linear';
  const { factor, shift } = fold ? await affineOf(batchNorm) : { factor: null, shift: null };
  if (fold) folded.set(batchNorm.name, 'batch-norm');

  // [kh, kw, cin, cout] -> [cout, cin, kh, kw]; depthwise [kh, kw, channel, q] -> [channel * multiplier + q, 1, kh, kw]
  const kernel = new Float32Array(values.length);
  const area = kh * kw;
  for (let at = 0; at < area; at++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) {
        kernel[(o * inputs + i) * area + at] = values[(at * inputs + i) * outputs + o]! * (factor?.[o] ?? 1);
      }
    }
  }
  const ownBias = await weightOf(node, 'bias')?.variable.data();
  const bias = Float32Array.from(
    { length: outputs },
    (_, o) => (ownBias?.[o] ?? 0) * (factor?.[o] ?? 1) + (shift?.[o] ?? 0),
  );
  const before = folded.get(node.inputs[0]!);
  const pads =
    padding === 'valid' && Array.isArray(before)
      ? before
      : padsOf(padding, nodes.get(node.inputs[0]!)!, [kh, kw], strides);
  const linear = activationOf(node) === 'linear';
  const output = graph.add(
    'Conv',
    [
      x,
      graph.floats(`${node.name}/kernel`, kernel, [outputs, inputs, kh, kw]),
      graph.floats(`${node.name}/bias`, bias),
    ],
    linear ? node.name : `${node.name}/linear`,
    { kernel_shape: [kh, kw], strides, pads, group: depthwise ? cin : 1 },
  );
  return activate(graph, node, output, node.name);
}

function pooling({ graph, nodes }: ExportState, node: LayerNode, x: string, opType: string): string {
  const { poolSize, strides, padding } = poolingSettings(node);
  const pads = padsOf(padding, nodes.get(node.inputs[0]!)!, poolSize, strides);
  return graph.add(opType, [x], node.name, { kernel_shape: poolSize, strides, pads });
}

/** TensorFlow's 'same': as many outputs as steps fit, the odd pixel of padding goes after. */
function padsOf(
  padding: 'same' | 'valid',
  input: LayerNode,
  kernel: readonly [number, number],
  strides: readonly [number, number],
): Pads {
  if (padding === 'valid') return [0, 0, 0, 0];
  const total = [0, 1].map((axis) => {
    const size = input.shape[axis]!;
    const steps = Math.ceil(size / strides[axis]!);
    return Math.max(0, (steps - 1) * strides[axis]! + kernel[axis]! - size);
  }) as [number, number];
  const [top, left] = total.map((pixels) => Math.floor(pixels / 2)) as [number, number];
  return [top, left, total[0] - top, total[1] - left];
}

/** BatchNormalization in inference mode: x * factor + shift. */
async function affineOf(node: LayerNode): Promise<{ factor: Float32Array; shift: Float32Array }> {
  const read = async (kind: string): Promise<ArrayLike<number> | undefined> => weightOf(node, kind)?.variable.data();
  const [mean, variance, gamma, beta] = await Promise.all(
    ['moving_mean', 'moving_variance', 'gamma', 'beta'].map(read),
  );
  const epsilon = node.config.epsilon as number;
  const length = mean!.length;
  const factor = Float32Array.from({ length }, (_, i) => (gamma?.[i] ?? 1) / Math.sqrt(variance![i]! + epsilon));
  const shift = Float32Array.from({ length }, (_, i) => (beta?.[i] ?? 0) - mean![i]! * factor[i]!);
  return { factor, shift };
}

function activate(graph: OnnxGraphBuilder, node: LayerNode, x: string, output: string): string {
  const name = activationOf(node);
  if (name === 'softmax') return graph.add('Softmax', [x], output, { axis: -1 });
  if (name === 'relu' || name === 'relu6')
    return relu(graph, output, x, name === 'relu6' ? 6 : Number.POSITIVE_INFINITY);
  return x;
}

function relu(graph: OnnxGraphBuilder, output: string, x: string, limit: number): string {
  if (limit === Number.POSITIVE_INFINITY) return graph.add('Relu', [x], output);
  return graph.add('Clip', [x, graph.floats('zero', [0], []), graph.floats('six', [limit], [])], output);
}
