/**
 * A graph in which a normalization carries the relu behind it, where nothing else reads what it puts out:
 *
 *     convolution -> normalization -> relu -> ...        becomes        convolution -> normalization with relu -> ...
 */
import type { LayerNode } from './layer-graph.ts';
import { type ActivationName, activationOf, reluLimit, reluLimitOf } from './layer-settings.ts';

/** The same function of the same layers; a carried relu stands in its normalization's `config.activation`, as a convolution's does. */
export function fuseActivations(graph: readonly LayerNode[]): LayerNode[] {
  const byName = new Map(graph.map((node) => [node.name, node]));
  const readers = new Map<string, number>();
  for (const input of graph.flatMap(({ inputs }) => inputs)) readers.set(input, (readers.get(input) ?? 0) + 1);

  /** Activation by the normalization that carries it, and normalization by the relu layer that is gone. */
  const carried = new Map<string, ActivationName>();
  const standIn = new Map<string, string>();
  for (const node of graph) {
    const before = byName.get(node.inputs[0] ?? '');
    const name = reluOf(node);
    if (name === null || before?.kind !== 'BatchNormalization' || readers.get(before.name) !== 1) continue;
    carried.set(before.name, name);
    standIn.set(node.name, before.name);
  }
  return graph
    .filter(({ name }) => !standIn.has(name))
    .map((node) => {
      const inputs = node.inputs.map((name) => standIn.get(name) ?? name);
      const activation = carried.get(node.name);
      return { ...node, inputs, config: activation ? { ...node.config, activation } : node.config };
    });
}

/** The relu that a layer is and nothing else, or null. */
function reluOf(node: LayerNode): ActivationName | null {
  if (node.kind === 'ReLU') return reluLimit(node) === 6 ? 'relu6' : 'relu';
  if (node.kind !== 'Activation') return null;
  const name = activationOf(node);
  return reluLimitOf(name) === null ? null : name;
}
