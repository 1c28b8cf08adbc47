import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuseActivations } from '../../app/networks/fuse-activations.ts';
import type { LayerNode } from '../../app/networks/layer-graph.ts';

function node(name: string, kind: string, inputs: string[], config: LayerNode['config'] = {}): LayerNode {
  return { name, kind, inputs, config, weights: [], shape: [4, 4, 2] };
}

test('a relu goes into the normalization before it, and its readers read that', () => {
  const graph = [
    node('x', 'InputLayer', []),
    node('bn', 'BatchNormalization', ['x'], { epsilon: 1e-3 }),
    node('six', 'ReLU', ['bn'], { maxValue: 6 }),
    node('bn_2', 'BatchNormalization', ['six']),
    node('plain', 'Activation', ['bn_2'], { activation: 'relu' }),
    node('sum', 'Add', ['six', 'plain']),
  ];
  const fused = fuseActivations(graph);
  assert.deepEqual(
    fused.map(({ name, inputs, config }) => [name, inputs.join(), config.activation ?? null]),
    [
      ['x', '', null],
      ['bn', 'x', 'relu6'],
      ['bn_2', 'bn', 'relu'],
      ['sum', 'bn,bn_2', null],
    ],
  );
  assert.equal(fused[1]!.config.epsilon, 1e-3);
});

test('what another layer reads as well, what is no relu and what is behind something else stays', () => {
  const graph = [
    node('x', 'InputLayer', []),
    node('bn', 'BatchNormalization', ['x']),
    node('relu', 'ReLU', ['bn']),
    node('sum', 'Add', ['bn', 'relu']),
    node('after', 'ReLU', ['sum']),
    node('bn_2', 'BatchNormalization', ['after']),
    node('linear', 'Activation', ['bn_2'], { activation: 'linear' }),
  ];
  assert.deepEqual(fuseActivations(graph), graph);
});
