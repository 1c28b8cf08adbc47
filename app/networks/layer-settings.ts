/** What Keras' settings of a layer mean, for all that run or export it; what Eosin has no form for is refused. */
import { type LayerNode, unsupportedLayer } from './layer-graph.ts';

/** Strides and padding of a convolution that can also learn. */
export function convolutionSettings(node: LayerNode): { strides: [number, number]; padding: 'same' | 'valid' } {
  const dilation = [node.config.dilationRate ?? 1].flat() as number[];
  if (dilation.some((rate) => rate !== 1)) throw unsupportedLayer(node, 'it dilates');
  return { strides: node.config.strides as [number, number], padding: paddingOf(node) };
}

export function poolingSettings(node: LayerNode): {
  poolSize: [number, number];
  strides: [number, number];
  padding: 'same' | 'valid';
} {
  const { poolSize, strides } = node.config as { poolSize: [number, number]; strides: [number, number] };
  return { poolSize, strides, padding: paddingOf(node) };
}

/** 6 or infinity. */
export function reluLimit(node: LayerNode): number {
  const { maxValue, negativeSlope, threshold } = node.config as Record<string, number | null | undefined>;
  const limit = maxValue ?? Number.POSITIVE_INFINITY;
  if ((limit !== 6 && limit !== Number.POSITIVE_INFINITY) || negativeSlope || threshold) {
    throw unsupportedLayer(node, 'only relu and relu6 are known');
  }
  return limit;
}

export type ActivationName = 'linear' | 'relu' | 'relu6' | 'softmax';

/** Where an activation cuts off: 6, infinity, or null for what is no relu. */
export function reluLimitOf(name: ActivationName): number | null {
  if (name === 'relu6') return 6;
  return name === 'relu' ? Number.POSITIVE_INFINITY : null;
}

/** The activation inside a layer. */
export function activationOf(node: LayerNode): ActivationName {
  const name = (node.config.activation as string | null | undefined) ?? 'linear';
  if (name === 'linear' || name === 'relu' || name === 'relu6' || name === 'softmax') return name;
  throw unsupportedLayer(node, `activation '${name}' is not known`);
}

function paddingOf(node: LayerNode): 'same' | 'valid' {
  if (node.config.dataFormat === 'channelsFirst') throw unsupportedLayer(node, 'its channels come first');
  return node.config.padding as 'same' | 'valid';
}
