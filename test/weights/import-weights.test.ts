/** From a file to a backbone of this computer: Keras' three HDF5 formats, and what the library says of it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { File, type Group, ready } from 'h5wasm/node';
import { openEngine } from '../../app/engine/node.ts';
import { onnxForward } from '../../app/inference/onnx-node.ts';
import { architectures } from '../../app/networks/architectures.ts';
import { layersOf } from '../../app/networks/backbone.ts';
import { plannedWeights } from '../../app/networks/blueprint.ts';
import { preprocessings } from '../../app/networks/preprocessings.ts';
import { createBackboneLibrary } from '../../app/weights/backbone-library.ts';
import { type ImportRequest, importWeights } from '../../app/weights/import-weights-node.ts';
import { kerasLayerOrder } from '../../app/weights/keras-layer-order.ts';
import { loadBackbone } from '../../app/weights/load-backbone-node.ts';
import { formulaWeight } from '../networks/formula-weights.ts';

await ready;
const folder = mkdtempSync(join(tmpdir(), 'eosin-weights-'));
const backbones = join(folder, 'backbones');
const library = createBackboneLibrary([backbones]);
const engine = await openEngine('cpu', { threads: 1 });
after(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const architecture = architectures.find(({ name }) => name === 'mobilenet-v2')!;
const layers = layersOf(architecture);
const planned = plannedWeights(layers, 224);
const byLayer = Map.groupBy(planned, ({ name }) => name.split('/')[0]!);

async function importFile(file: string, more: Partial<ImportRequest> = {}) {
  const taken = library
    .list()
    .filter(({ atHand }) => atHand)
    .map(({ name }) => name);
  const asked = { family: null, label: null, preprocessing: null, origin: null, ...more };
  return await importWeights(
    { file, folder: backbones, taken, appVersion: '0.1.0', ...asked },
    {
      engine: engine.tf,
      async forward(onnx, pixels) {
        const runner = await onnxForward.create(onnx, 1);
        try {
          return await runner.run(pixels, 1);
        } finally {
          await runner.close();
        }
      },
    },
  );
}

function write(group: Group, name: string, weight: (typeof planned)[number]): void {
  group.create_dataset({ name, data: formulaWeight(weight.name, weight.shape), shape: [...weight.shape] });
}

/** Keras' whole model, or weights only: `[model_weights/]LAYER/LAYER/kernel:0`. */
function writeH5(name: string, whole: boolean): string {
  const file = new File(join(folder, name), 'w');
  const root = whole ? file.create_group('model_weights') : file;
  for (const [layer, weights] of byLayer) {
    const group = root.create_group(layer).create_group(layer);
    for (const weight of weights) write(group, `${weight.name.split('/')[1]}:0`, weight);
  }
  if (whole) {
    root
      .create_group('predictions')
      .create_group('predictions')
      .create_dataset({ name: 'kernel:0', data: new Float32Array(4) });
    file
      .create_group('optimizer_weights')
      .create_group('Adam')
      .create_dataset({ name: 'm:0', data: new Float32Array(4) });
  }
  file.close();
  return join(folder, name);
}

/** Keras 3: `layers/conv2d_1/vars/0`. */
function writeWeightsH5(name: string, named: boolean): string {
  const file = new File(join(folder, name), 'w');
  const root = file.create_group('layers');
  const classes = { convolution: 'conv2d', depthwise: 'depthwise_conv2d', 'batch-norm': 'batch_normalization' };
  const counts = new Map<string, number>();
  for (const layer of kerasLayerOrder(layers)) {
    const own = classes[layer.kind as keyof typeof classes];
    if (own === undefined) continue;
    const index = counts.get(own) ?? 0;
    counts.set(own, index + 1);
    const vars = root.create_group(index === 0 ? own : `${own}_${index}`).create_group('vars');
    if (named) vars.create_attribute('name', layer.name);
    byLayer.get(layer.name)!.forEach((weight, i) => {
      write(vars, String(i), weight);
    });
  }
  file.close();
  return join(folder, name);
}

describe("each of Keras' formats gives the same backbone", () => {
  const fingerprints: number[][] = [];
  const files = {
    'whole.h5': () => writeH5('whole.h5', true),
    'only.h5': () => writeH5('only.h5', false),
    'named.weights.h5': () => writeWeightsH5('named.weights.h5', true),
    'numbered.weights.h5': () => writeWeightsH5('numbered.weights.h5', false),
  };
  for (const [i, [name, make]] of Object.entries(files).entries()) {
    test(name, async () => {
      const label = `f${i}`;
      const report = await importFile(make(), { label });
      assert.equal(report.name, `mobilenet-v2@${label}`);
      assert.deepEqual([report.matched, report.missing], [260, []]);
      assert.deepEqual(report.unused, name === 'whole.h5' ? ['predictions/kernel'] : []);
      const { backbone, weights } = await loadBackbone(library.source(report.name));
      assert.equal(backbone.name, report.name);
      assert.deepEqual(backbone.preprocessing, preprocessings['minus-one-to-one']);
      assert.match(backbone.provenance, new RegExp(`imported from ${name}, SHA-256 [0-9a-f]{64}`));
      let at = 0;
      for (const spec of weights.specs) {
        const expected = formulaWeight(spec.name, spec.shape);
        assert.deepEqual(new Float32Array(weights.data, at, expected.length), expected, spec.name);
        at += 4 * expected.length;
      }
      fingerprints.push([...report.fingerprint.values]);
      assert.deepEqual(fingerprints[0], report.fingerprint.values);
    });
  }
});

test('what a network is fed can be said by the user, and changes its fingerprint', async () => {
  const report = await importFile(join(folder, 'only.h5'), {
    label: 'unit',
    preprocessing: preprocessings['zero-to-one'],
  });
  const { backbone } = await loadBackbone(library.source(report.name));
  assert.deepEqual(backbone.preprocessing, preprocessings['zero-to-one']);
  const manifest = JSON.parse(readFileSync(join(backbones, 'mobilenet-v2@f1', 'weights.json'), 'utf8'));
  assert.notDeepEqual(report.fingerprint.values, manifest.fingerprint.values);
});

test('a name that is taken, a file that is none, and a zip are refused; nothing is left behind', async () => {
  const before = readdirSync(backbones);
  const file = join(folder, 'only.h5');
  await assert.rejects(importFile(file), { code: 'weights/exists' });
  await assert.rejects(importFile(file, { label: 'f1' }), { code: 'weights/exists' });
  await assert.rejects(importFile(file, { family: 'vgg16' }), { code: 'weights/other-network' });
  await assert.rejects(importFile(join(folder, 'none.h5')), { code: 'file/missing' });
  const whole = readFileSync(file);
  for (const [name, bytes] of Object.entries({
    'cut.h5': whole.subarray(0, 4096),
    'half.h5': whole.subarray(0, whole.length / 2),
    'text.h5': Buffer.from('hello, this is no file of weights'),
    'zip.keras': Buffer.from('PK\u0003\u0004'),
  })) {
    writeFileSync(join(folder, name), bytes);
    await assert.rejects(importFile(join(folder, name), { label: 'bad' }), { code: 'weights/broken' }, name);
  }
  assert.deepEqual(readdirSync(backbones), before);
});

test('the library tells what is at hand, what is wanted, and does not use what was changed', async () => {
  const entries = new Map(library.list().map((entry) => [entry.name, entry]));
  assert.ok(entries.get('mobilenet-v2')!.atHand && entries.get('mobilenet-v2@f0')!.atHand);
  assert.match(entries.get('efficientnet-lite0')!.wanted!, /models fetch efficientnet-lite0/);
  assert.match(entries.get('resnet50')!.wanted!, /kernels_notop\.h5, MD5 4d473c1dd8becc155b73f8504c6f6626/);
  assert.equal(library.best(), 'mobilenet-v2');
  assert.throws(() => library.source('resnet50'), { code: 'weights/not-at-hand', kind: 'config' });
  assert.throws(() => library.source('mobilenet-v2', { ownHead: true }), { code: 'weights/no-own-head' });

  const numbers = join(backbones, 'mobilenet-v2@f0', 'weights.bin');
  const bytes = readFileSync(numbers);
  bytes[1000]! ^= 1;
  writeFileSync(numbers, bytes);
  await assert.rejects(loadBackbone(library.source('mobilenet-v2@f0')), { code: 'weights/changed' });
  await library.remove('mobilenet-v2@f0');
  assert.throws(() => library.source('mobilenet-v2@f0'), { code: 'weights/not-at-hand' });
  await assert.rejects(library.remove('mobilenet-v2'), { code: 'weights/not-at-hand' });

  mkdirSync(join(backbones, 'resnet50'));
  writeFileSync(join(backbones, 'resnet50', 'weights.json'), '{"schemaVersion":1}');
  assert.ok(!library.list().find(({ name }) => name === 'resnet50')!.atHand, 'half a folder is none');
});
