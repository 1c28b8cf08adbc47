/** What the layer groups of a network cost, counted from its plan alone: nothing is built or loaded. */
import type { GroupCost, NetworkMap } from '../core/network-map.ts';
import type { GroupPlan, LayerPlan } from '../networks/blueprint.ts';
import { familyOf } from './backbone-library.ts';

interface Output {
  readonly sidePx: number;
  readonly channels: number;
}

/** Null for a name that no network has. */
export function networkMap(name: string, sizePx: number): NetworkMap | null {
  const family = familyOf(name);
  return family && { name, title: family.title, groups: groupCosts(family.plan, sizePx) };
}

export function groupCosts(plan: readonly GroupPlan[], sizePx: number): GroupCost[] {
  const outputs = new Map<string, Output>();
  let last: Output = { sidePx: sizePx, channels: 3 };
  return plan.map(({ name, layers }) => {
    let values = 0;
    let weights = 0;
    let multiplyAdds = 0;
    for (const layer of layers) {
      const input = (layer.inputs && outputs.get(layer.inputs[0]!)) ?? last;
      last = outputOf(layer, input);
      outputs.set(layer.name, last);
      const places = last.sidePx ** 2;
      values += places * last.channels * mapsOf(layer);
      weights += last.channels * (layer.kind === 'batch-norm' ? 4 : weightsPerValue(layer, input));
      multiplyAdds += places * last.channels * weightsPerValue(layer, input);
    }
    return { name, layers: layers.map((layer) => layer.name), ...last, values, weights, multiplyAdds };
  });
}

function outputOf(layer: LayerPlan, { sidePx, channels }: Output): Output {
  switch (layer.kind) {
    case 'padding':
      // Keras' own pads 'same' around a strided convolution: one px more on one side at the least.
      return {
        sidePx: sidePx + (typeof layer.pad === 'number' ? 2 * layer.pad : layer.pad.kernel - 2 + (sidePx % 2)),
        channels,
      };
    case 'convolution':
      return { sidePx: strided(sidePx, layer), channels: layer.filters };
    case 'depthwise':
      return { sidePx: strided(sidePx, layer), channels };
    case 'max-pooling':
      return { sidePx: Math.floor((sidePx - layer.size) / layer.stride) + 1, channels };
    case 'flatten':
      return { sidePx: 1, channels: sidePx ** 2 * channels };
    case 'dense':
      return { sidePx: 1, channels: layer.units };
    default:
      return { sidePx, channels };
  }
}

interface Strided {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: 'same' | 'valid';
}

function strided(sidePx: number, { kernel, stride, padding }: Strided): number {
  return padding === 'same' ? Math.ceil(sidePx / stride) : Math.floor((sidePx - kernel) / stride) + 1;
}

/** Outputs that training keeps: a bias and an activation make their own. */
function mapsOf(layer: LayerPlan): number {
  if (layer.kind === 'convolution') return 1 + Number(layer.bias) + Number(layer.relu ?? false);
  return layer.kind === 'dense' ? 2 + Number(layer.relu) : 1;
}

/** Multiplications for one number of the output. */
function weightsPerValue(layer: LayerPlan, { channels }: Output): number {
  if (layer.kind === 'convolution') return layer.kernel ** 2 * channels;
  if (layer.kind === 'depthwise') return layer.kernel ** 2;
  return layer.kind === 'dense' ? channels : 0;
}
