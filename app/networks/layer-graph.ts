/** A layers model as a plain list of layers, so that it can be run, cut and exported without touching TensorFlow.js' own objects. */
import type * as tf from '@tensorflow/tfjs';
import { EosinError } from '../core/errors.ts';

export interface LayerWeight {
  /** `layer/weight` as saved. */
  readonly name: string;
  /** `kernel`, `depthwise_kernel`, `bias`, `gamma`, `beta`, `moving_mean` or `moving_variance`. */
  readonly kind: string;
  readonly variable: tf.Variable;
}

export interface LayerNode {
  readonly name: string;
  /** Keras' class name. */
  readonly kind: string;
  /** Names of the layers whose outputs go in. */
  readonly inputs: readonly string[];
  /** Keras' settings, in camelCase. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: readonly LayerWeight[];
  /** Without the batch axis: [height, width, channels] or [units]. */
  readonly shape: readonly number[];
}

/**
 * The layers that `outputs` need, inputs first. Above `from` (a layer's name) only: that layer becomes an `InputLayer`.
 *
 * @throws EosinError `network/no-such-layer`, `network/not-a-cut` when something above `from` reads below it.
 */
export function layerGraph(model: tf.LayersModel, outputs: readonly string[], from: string | null = null): LayerNode[] {
  const order: LayerNode[] = [];
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const layer = layerOf(model, name);
    const node = describeLayer(layer);
    if (name === from) {
      order.push({ ...node, kind: 'InputLayer', inputs: [], weights: [] });
      return;
    }
    if (node.kind === 'InputLayer' && from !== null) {
      throw new EosinError('network/not-a-cut', 'internal', `A layer above '${from}' reads below it.`, {
        remedy: 'Cut the network between two layer groups.',
        fields: { from },
      });
    }
    node.inputs.forEach(visit);
    order.push(node);
  };
  outputs.forEach(visit);
  return order;
}

/** The value of a weight that the layer must have. */
export function weightOf(node: LayerNode, kind: string): LayerWeight | undefined {
  return node.weights.find((weight) => weight.kind === kind);
}

/** A typed refusal of a layer that a part of Eosin has no form for. */
export function unsupportedLayer(node: LayerNode, why: string): EosinError {
  return new EosinError(
    'network/layer-kind',
    'input',
    `Layer '${node.name}' (${node.kind}) is not supported: ${why}.`,
    {
      remedy: 'Use one of the shipped backbones.',
      fields: { layer: node.name, kind: node.kind },
    },
  );
}

function layerOf(model: tf.LayersModel, name: string): tf.layers.Layer {
  const layer = model.layers.find((each) => each.name === name);
  if (layer === undefined) {
    throw new EosinError('network/no-such-layer', 'usage', `The network has no layer '${name}'.`, {
      remedy: 'Name a layer of this network.',
      fields: { layer: name },
    });
  }
  return layer;
}

function describeLayer(layer: tf.layers.Layer): LayerNode {
  const inbound = layer.inboundNodes[0]?.inboundLayers ?? [];
  const output = layer.output as tf.SymbolicTensor;
  const weights = layer.weights.map((weight) => ({
    name: weight.originalName,
    kind: weight.originalName.split('/').at(-1)!,
    variable: weight.read() as tf.Variable,
  }));
  const kind = layer.getClassName();
  return {
    name: layer.name,
    kind,
    inputs: kind === 'InputLayer' ? [] : inbound.map((each) => each.name),
    config: layer.getConfig(),
    weights,
    shape: output.shape.slice(1) as number[],
  };
}
