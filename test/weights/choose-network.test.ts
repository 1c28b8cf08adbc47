/** Which network a file is for, with the names of Keras and of torchvision; torchvision's own numbers are the reference. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { openEngine } from '../../app/engine/node.ts';
import { architectures } from '../../app/networks/architectures.ts';
import { type Architecture, backboneOf, layersOf } from '../../app/networks/backbone.ts';
import { plannedWeights } from '../../app/networks/blueprint.ts';
import { preprocessings } from '../../app/networks/preprocessings.ts';
import { lowerForward } from '../../app/networks/split-network.ts';
import { chooseNetwork } from '../../app/weights/choose-network.ts';
import { kerasLayerOrder } from '../../app/weights/keras-layer-order.ts';
import type { StoredTensor, StoredTensors } from '../../app/weights/stored-tensor.ts';
import { translate } from '../../app/weights/weight-dialects.ts';
import { buildKernels } from '../../scripts/build-kernels.ts';
import { formulaPictures, formulaWeight, type Summary, summaryOf, uniform } from '../networks/formula-weights.ts';
import { preprocessed } from '../networks/small-network.ts';

const reference = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../reference/${name}.json`, import.meta.url), 'utf8')) as T;
const architectureOf = (name: string): Architecture => architectures.find((one) => one.name === name)!;

await buildKernels();
const engine = await openEngine('wasm', { threads: 2 });
after(() => engine.close());

/** As reference/torchvision-names.py. */
function torchWeight(name: string, shape: readonly number[]): Float32Array {
  const count = shape.reduce((product, length) => product * length, 1);
  let [centre, reach] = [0, 0.1];
  if (name.endsWith('running_var')) [centre, reach] = [1.25, 0.5];
  else if (shape.length > 1) reach = Math.sqrt(6 / (count / shape[0]!));
  else if (name.endsWith('weight')) [centre, reach] = [1, 0.25];
  return Float32Array.from(uniform(name, count), (u) => centre + reach * u);
}

interface TorchNetwork {
  readonly names: Readonly<Record<string, readonly number[]>>;
  readonly features: Summary;
}

describe("torchvision's weights give torchvision's features", () => {
  for (const [family, { names, features }] of Object.entries(
    reference<Record<string, TorchNetwork>>('torchvision-names'),
  )) {
    test(family, async () => {
      // VGG16's dense layers would be 500 MB of formula.
      const listed = Object.entries(names).filter(([name]) => !/tracked$|^classifier/.test(name));
      const tensors = new Map(listed.map(([name, shape]) => [name, { shape, values: torchWeight(name, shape) }]));
      const { architecture, dialect, matched, ownHead } = chooseNetwork(tensors, 'torch', null);
      assert.equal(architecture.name.replace('-torchvision', ''), family);
      assert.equal(dialect?.name, 'torchvision');
      assert.equal(ownHead, false);
      assert.equal(matched.unused.filter((name) => !name.startsWith('fc.')).length, 0, String(matched.unused));
      const specs = matched.tensors.map(({ name, tensor }) => ({
        name,
        shape: [...tensor.shape],
        dtype: 'float32' as const,
      }));
      const data = new Blob(matched.tensors.map(({ tensor }) => tensor.values as Float32Array<ArrayBuffer>));
      const backbone = backboneOf(architecture, { provenance: 'a formula', preprocessing: preprocessings.torchvision });
      const base = await backbone.build(engine.tf, { specs, data: await data.arrayBuffer(), sha256: '' }, 64);
      const x = preprocessed(engine.tf, backbone, formulaPictures(1, 64), 64);
      const pooled = lowerForward(engine.tf, base, backbone.groups.at(-1)!.output)(x).mean([1, 2]);
      const found = summaryOf(pooled.dataSync());
      assert.ok(Math.abs(found.norm / features.norm - 1) < 1e-4, `${found.norm} against ${features.norm}`);
      found.values.forEach((value, i) => {
        assert.ok(
          Math.abs(value - features.values[i]!) < 1e-3 * Math.max(1, features.values[i]!),
          `${value} ${features.values[i]}`,
        );
      });
      base.dispose();
      engine.tf.disposeVariables();
    });
  }
});

test('dense layers behind a flattened map are turned from channel, row, column to row, column, channel', () => {
  const values = Float32Array.from({ length: 2 * 12 }, (_, i) => i); // [2 out, 3 channels, 2 rows, 2 columns]
  const dialect = {
    name: 'd',
    architecture: 'a',
    rename: () => 'fc1/kernel',
    flattened: { 'fc1/kernel': [3, 2] },
  } as const;
  const { shape, values: turned } = translate(new Map([['w', { shape: [2, 12], values }]]), dialect).tensors.get(
    'fc1/kernel',
  )!;
  assert.deepEqual(shape, [12, 2]);
  // Row 0, column 1, channel 2 of output 1: 12 + 2 * 4 + 1.
  assert.equal(turned[(1 * 3 + 2) * 2 + 1], 21);
});

describe('the order of layers that Keras numbers', () => {
  for (const [name, order] of Object.entries(reference<Record<string, string>>('keras-layer-order'))) {
    test(name, () => {
      const kinds = ['convolution', 'depthwise', 'batch-norm', 'dense'];
      const ours = kerasLayerOrder(layersOf(architectureOf(name))).filter(({ kind }) => kinds.includes(kind));
      assert.equal(ours.map((layer) => layer.name).join(' '), order);
    });
  }
});

/** Keras' names, by a formula. */
function kerasTensors(architecture: Architecture): Map<string, StoredTensor> {
  const planned = plannedWeights(layersOf(architecture), 224);
  return new Map(planned.map(({ name, shape }) => [name, { shape, values: formulaWeight(name, shape) }]));
}

describe('a file that does not fit is refused by the name of a tensor', () => {
  const lite = architectureOf('efficientnet-lite0');
  const choose = (tensors: StoredTensors) => () => chooseNetwork(tensors, 'keras', 'efficientnet-lite0');

  test('another shape, with both', () => {
    const tensors = kerasTensors(lite);
    tensors.set('block3a_dwconv/depthwise_kernel', { shape: [3, 3, 144, 1], values: new Float32Array(1296) });
    assert.throws(choose(tensors), {
      code: 'weights/shape',
      message: 'block3a_dwconv/depthwise_kernel is 3 x 3 x 144 x 1, but EfficientNet-Lite0 needs 5 x 5 x 144 x 1.',
    });
  });

  test('a tensor that is missing', () => {
    const tensors = kerasTensors(lite);
    tensors.delete('top_bn/moving_variance');
    assert.throws(choose(tensors), {
      code: 'weights/missing',
      fields: { tensor: 'top_bn/moving_variance', expected: '1280', inFile: 244 },
    });
  });

  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    test(`${value} among the numbers`, () => {
      const tensors = kerasTensors(lite);
      tensors.get('block5b_bn/gamma')!.values[7] = value;
      assert.throws(choose(tensors), { code: 'weights/not-finite', fields: { tensor: 'block5b_bn/gamma' } });
    });
  }

  test('another network altogether', () => {
    assert.throws(choose(new Map([['encoder/kernel', { shape: [1], values: new Float32Array(1) }]])), {
      code: 'weights/other-network',
    });
  });

  test("Keras 3's plain kernel of a depthwise convolution fits, and what is left over is told", () => {
    const tensors = kerasTensors(lite);
    const dwconv = 'block1a_dwconv/depthwise_kernel';
    tensors.set('block1a_dwconv/kernel', tensors.get(dwconv)!);
    tensors.delete(dwconv);
    tensors.set('predictions/kernel', { shape: [1], values: new Float32Array(1) });
    const { matched } = chooseNetwork(tensors, 'keras', null);
    assert.equal(matched.tensors.length, 245);
    assert.deepEqual([matched.missing, matched.unused], [[], ['predictions/kernel']]);
  });
});
