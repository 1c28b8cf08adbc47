/**
 * A backbone as plain data, and how it becomes a TensorFlow.js model:
 *
 *     GroupPlan[] of LayerPlan[]  --buildBlueprint-->  tf.LayersModel, weights by `layer/weight`
 *
 * Layers read the layer before them unless they name their inputs. Names are Keras', so that its files fit.
 */
import type * as tf from '@tensorflow/tfjs';
import { EosinError } from '../core/errors.ts';
import type { BackboneWeights, LayerGroup } from './backbone.ts';

type Common = { readonly name: string; readonly inputs?: readonly string[] };

export type LayerPlan = Common &
  (
    | {
        readonly kind: 'padding';
        /** The same on all sides, or what Keras' `correct_pad` gives before a strided convolution of this kernel. */
        readonly pad: number | { readonly kernel: number };
      }
    | {
        readonly kind: 'convolution';
        readonly filters: number;
        readonly kernel: number;
        readonly stride: number;
        readonly padding: 'same' | 'valid';
        readonly bias: boolean;
        readonly relu?: boolean;
      }
    | {
        readonly kind: 'depthwise';
        readonly kernel: number;
        readonly stride: number;
        readonly padding: 'same' | 'valid';
      }
    /** `momentum` of the averages, where they move: default 0.99, as Keras. */
    | { readonly kind: 'batch-norm'; readonly epsilon: number; readonly momentum?: number }
    | { readonly kind: 'relu' | 'relu6' | 'add' | 'flatten' }
    | { readonly kind: 'max-pooling'; readonly size: number; readonly stride: number }
    | { readonly kind: 'dense'; readonly units: number; readonly relu: boolean }
  );

export interface GroupPlan {
  readonly name: string;
  readonly channels: number;
  readonly layers: readonly LayerPlan[];
}

/** The groups as the rest of Eosin sees them: the last layer of a group is its output. */
export function groupsOf(plan: readonly GroupPlan[]): LayerGroup[] {
  return plan.map(({ name, channels, layers }) => ({
    name,
    channels,
    layers: layers.map((layer) => layer.name),
    output: layers.at(-1)!.name,
  }));
}

/**
 * The layers model of `layers` from `[n, size, size, channels]`; the caller disposes it. Weights that it does not need are left.
 *
 * @throws EosinError `network/weights-incomplete`, `network/weight-shape`
 */
export function buildBlueprint(
  engine: typeof tf,
  name: string,
  layers: readonly LayerPlan[],
  sizePx: number,
  weights: BackboneWeights,
): tf.LayersModel {
  const model = buildLayers(engine, name, layers, sizePx);
  try {
    fillWeights(engine, model, weights);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function buildLayers(engine: typeof tf, name: string, layers: readonly LayerPlan[], sizePx: number): tf.LayersModel {
  const input = engine.input({ shape: [sizePx, sizePx, 3], name: 'picture' }); // [n, size, size, channels]
  const values = new Map<string, tf.SymbolicTensor>();
  let last = input;
  for (const plan of layers) {
    const inputs = plan.inputs?.map((each) => values.get(each)!) ?? [last];
    const layer = layerOf(engine, plan, inputs[0]!.shape[1]!);
    last = layer.apply(inputs.length === 1 ? inputs[0]! : inputs) as tf.SymbolicTensor;
    values.set(plan.name, last);
  }
  return engine.model({ inputs: input, outputs: last, name });
}

function layerOf({ layers }: typeof tf, plan: LayerPlan, side: number): tf.layers.Layer {
  const { name } = plan;
  // The weights are set afterwards; drawing random ones would only take time.
  const empty = { kernelInitializer: 'zeros', biasInitializer: 'zeros' } as const;
  switch (plan.kind) {
    case 'padding': {
      const [before, after] = padsOf(plan.pad, side);
      return layers.zeroPadding2d({ name, padding: [[before, after], [before, after]] }); // biome-ignore format: one line
    }
    case 'convolution': {
      const { filters, kernel: kernelSize, stride: strides, padding, bias: useBias } = plan;
      const activation = plan.relu ? 'relu' : 'linear';
      return layers.conv2d({ name, filters, kernelSize, strides, padding, useBias, activation, ...empty });
    }
    case 'depthwise': {
      const { kernel: kernelSize, stride: strides, padding } = plan;
      const settings = { name, kernelSize, strides, padding, useBias: false };
      return layers.depthwiseConv2d({ ...settings, depthwiseInitializer: 'zeros' });
    }
    case 'batch-norm':
      return layers.batchNormalization({ name, epsilon: plan.epsilon, momentum: plan.momentum ?? 0.99 });
    case 'relu':
      return layers.activation({ name, activation: 'relu' });
    case 'relu6':
      return layers.reLU({ name, maxValue: 6 });
    case 'add':
      return layers.add({ name });
    case 'max-pooling':
      return layers.maxPooling2d({ name, poolSize: plan.size, strides: plan.stride, padding: 'valid' });
    case 'flatten':
      return layers.flatten({ name });
    case 'dense':
      return layers.dense({ name, units: plan.units, activation: plan.relu ? 'relu' : 'linear', ...empty });
  }
}

export interface PlannedWeight {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Names and shapes of all weights for a picture size, without building anything. */
export function plannedWeights(layers: readonly LayerPlan[], sizePx: number): PlannedWeight[] {
  const values = new Map<string, MapSize>();
  let last: MapSize = { side: sizePx, channels: 3 };
  return layers.flatMap((plan) => {
    const input = plan.inputs ? values.get(plan.inputs[0]!)! : last;
    const { weights, output } = planned(plan, input);
    last = output;
    values.set(plan.name, output);
    return weights.map(([kind, shape]) => ({ name: `${plan.name}/${kind}`, shape }));
  });
}

/** A square map; after flattening the side is 1. */
interface MapSize {
  readonly side: number;
  readonly channels: number;
}

function planned(
  plan: LayerPlan,
  { side, channels }: MapSize,
): { weights: (readonly [string, readonly number[]])[]; output: MapSize } {
  const none = { weights: [], output: { side, channels } };
  const steps = (kernel: number, stride: number, padding: 'same' | 'valid'): number =>
    padding === 'same' ? Math.ceil(side / stride) : Math.floor((side - kernel) / stride) + 1;
  switch (plan.kind) {
    case 'padding': {
      const [before, after] = padsOf(plan.pad, side);
      return { ...none, output: { side: side + before + after, channels } };
    }
    case 'convolution': {
      const { kernel, filters, stride, padding, bias } = plan;
      const shape = ['kernel', [kernel, kernel, channels, filters]] as const;
      const output = { side: steps(kernel, stride, padding), channels: filters };
      return { weights: bias ? [shape, ['bias', [filters]]] : [shape], output };
    }
    case 'depthwise': {
      const { kernel, stride, padding } = plan;
      const output = { side: steps(kernel, stride, padding), channels };
      return { weights: [['depthwise_kernel', [kernel, kernel, channels, 1]]], output };
    }
    case 'batch-norm': {
      const kinds = ['gamma', 'beta', 'moving_mean', 'moving_variance'];
      return { ...none, weights: kinds.map((kind) => [kind, [channels]] as const) };
    }
    case 'max-pooling':
      return { ...none, output: { side: steps(plan.size, plan.stride, 'valid'), channels } };
    case 'flatten':
      return { ...none, output: { side: 1, channels: side * side * channels } };
    case 'dense': {
      const weights = [['kernel', [channels, plan.units]] as const, ['bias', [plan.units]] as const];
      return { weights, output: { side: 1, channels: plan.units } };
    }
    default:
      return none;
  }
}

/** [before, after] on both axes. */
function padsOf(pad: number | { readonly kernel: number }, side: number): readonly [number, number] {
  return typeof pad === 'number' ? [pad, pad] : correctPad(side, pad.kernel);
}

/** Keras' `correct_pad`: an even side is padded less before than after, an odd one on both sides alike. */
function correctPad(side: number, kernel: number): readonly [number, number] {
  const half = Math.floor(kernel / 2);
  return [half - ((side + 1) % 2), half];
}

function fillWeights(engine: typeof tf, model: tf.LayersModel, weights: BackboneWeights): void {
  const places = weightPlaces(weights);
  for (const layer of model.layers) {
    if (layer.weights.length === 0) continue;
    const tensors = layer.weights.map(({ originalName, shape }) => {
      const place = places.get(originalName);
      if (place === undefined) throw incomplete(layer.name);
      if (String(place.spec.shape) !== String(shape))
        throw wrongShape(originalName, shape as number[], place.spec.shape);
      const data = weights.data.slice(place.at, place.at + place.bytes);
      return engine.io.decodeWeights(data, [place.spec])[originalName]!;
    });
    layer.setWeights(tensors);
    engine.dispose(tensors);
  }
}

interface WeightPlace {
  readonly spec: tf.io.WeightsManifestEntry;
  readonly at: number;
  readonly bytes: number;
}

/** Where each weight's bytes lie: one after another, in the order of the specs. */
function weightPlaces({ specs }: BackboneWeights): Map<string, WeightPlace> {
  const places = new Map<string, WeightPlace>();
  let at = 0;
  for (const spec of specs) {
    const width = { uint8: 1, uint16: 2, float16: 2, float32: 4 }[spec.quantization?.dtype ?? 'float32'];
    const bytes = width * spec.shape.reduce((product, length) => product * length, 1);
    places.set(spec.name, { spec, at, bytes });
    at += bytes;
  }
  return places;
}

function incomplete(layer: string): EosinError {
  return new EosinError('network/weights-incomplete', 'input', `The weights of layer '${layer}' are missing.`, {
    remedy: 'Import the weights again, from a file of the whole network.',
    fields: { layer },
  });
}

function wrongShape(weight: string, expected: readonly number[], found: readonly number[]): EosinError {
  const [want, have] = [expected.join(' x '), found.join(' x ')];
  return new EosinError('network/weight-shape', 'input', `Weight '${weight}' is ${have}, but must be ${want}.`, {
    remedy: 'Use weights that were made for this network.',
    fields: { weight, expected: want, found: have },
  });
}
