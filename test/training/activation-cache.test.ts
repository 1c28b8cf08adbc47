import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type * as tf from '@tensorflow/tfjs';
import { onnxForward } from '../../app/inference/onnx-node.ts';
import { mobileNetV2 } from '../../app/networks/mobilenet-v2.ts';
import { readMobileNetV2Weights } from '../../app/networks/mobilenet-v2-node.ts';
import { attachHead } from '../../app/networks/network.ts';
import { lowerForward } from '../../app/networks/split-network.ts';
import { boundaryFor, cacheBytes, fillCaches, rowLength } from '../../app/training/activation-cache.ts';
import { augmentPatch } from '../../app/training/augment/augment-patch.ts';
import { viewOf } from '../../app/training/augment/view.ts';
import { preprocess } from '../../app/training/preprocess.ts';
import { engine, memoryCaches, smallPatches, smallRecipe } from './fixtures/train-bench.ts';

after(() => engine.close());

const { source } = smallPatches;
const patches = smallPatches.patches.slice(0, 5);
const base = await mobileNetV2.build(engine.tf, await readMobileNetV2Weights(), source.sizePx);
const network = attachHead(engine.tf, mobileNetV2, base, 'block_3', smallRecipe.head, 3, 1);
const { augment } = smallRecipe;
const cache = {
  network,
  pooling: 'average',
  source,
  forward: onnxForward,
  caches: memoryCaches(),
  threads: 2,
  augment,
  seed: 1,
} as const;

/** Preprocessed pixels of a view, made here. */
async function picture(patch: number, view: number): Promise<Float32Array> {
  const stored = new Uint8Array((source.sizePx + 2 * source.contextPx) ** 2 * 3);
  await source.read(patch, stored);
  const pixels = new Uint8Array(source.sizePx ** 2 * 3);
  augmentPatch(stored, source.sizePx, source.contextPx, viewOf(augment, 1, view, patch), pixels);
  return preprocess(pixels, network.preprocessing);
}

/** What the engine itself says of it at a group. */
function onEngine(pixels: Float32Array, group: string, pooled: boolean): Float32Array {
  const layer = network.groups.find(({ name }) => name === group)!.output;
  const { tf } = engine;
  const out = tf.tidy(() => {
    const x = lowerForward(tf, base, layer)(tf.tensor4d(pixels, [1, source.sizePx, source.sizePx, 3]));
    return pooled ? x.mean([1, 2]) : (x as tf.Tensor);
  });
  return out.dataSync<'float32'>();
}

test('rows of every boundary are the activations of the right view, filled in one pass', async () => {
  const boundaries = [0, 1, 9].map((unfreeze) => boundaryFor(cache, unfreeze));
  assert.deepEqual(
    boundaries.map(({ group, shape }) => [group, ...shape]),
    [
      ['block_3', 1, 1, 32],
      ['block_2', 16, 16, 24],
      [null, 64, 64, 3],
    ],
  );
  const seen: number[] = [];
  const filled = await fillCaches(
    cache,
    'test',
    patches,
    3,
    boundaries,
    (done) => seen.push(done),
    async () => {},
  );
  assert.equal(seen.at(-1), 15);
  assert.equal(
    filled.reduce((sum, { bytes }) => sum + bytes, 0),
    cacheBytes(5, 3, boundaries),
  );
  for (const [patch, view] of [
    [0, 0],
    [3, 2],
    [4, 1],
  ] as const) {
    const pixels = await picture(patches[patch]!.index, view);
    for (const [b, { group, shape }] of boundaries.entries()) {
      const row = new Float32Array(rowLength(shape));
      await filled[b]!.read(patch, view, row);
      const expected = group === null ? pixels : onEngine(pixels, group, b === 0);
      let [apart, largest] = [0, 0];
      for (const [i, value] of expected.entries()) {
        apart = Math.max(apart, Math.abs(value - row[i]!));
        largest = Math.max(largest, Math.abs(value));
      }
      assert.ok(apart < 1e-4 * largest, `patch ${patch}, view ${view}, ${group}: ${apart} of ${largest}`);
    }
  }
});

test('views drawn afresh are those that come after, at a cut and for pictures alike', async () => {
  const boundaries = [0, 9].map((unfreeze) => boundaryFor(cache, unfreeze));
  const quiet = async (): Promise<void> => {};
  const filled = await fillCaches(cache, 'test', patches, 2, boundaries, () => {}, quiet, 1);
  for (const round of [0, 2]) {
    for (const [b, { group, shape }] of boundaries.entries()) {
      await filled[b]!.renew(round, quiet);
      const row = new Float32Array(rowLength(shape));
      await filled[b]!.read(3, 1, row);
      const pixels = await picture(patches[3]!.index, 1 + 2 * round + 1);
      const expected = group === null ? pixels : onEngine(pixels, group, true);
      for (const [i, value] of expected.entries()) assert.ok(Math.abs(value - row[i]!) < 1e-3, `${group} ${round}`);
    }
  }
});

test('max pooling needs the whole map at the head', () => {
  assert.deepEqual(boundaryFor({ ...cache, pooling: 'max' }, 0).shape, [8, 8, 32]);
});

test('a cancel while filling closes what was opened', async () => {
  const caches = memoryCaches();
  const large = { ...cache, caches };
  const stop = async (): Promise<void> => {
    throw new Error('stopped');
  };
  const many = Array.from({ length: 700 }, () => patches[0]!);
  const filling = fillCaches(large, 'test', many, 4, [boundaryFor(cache, 1)], () => {}, stop);
  await assert.rejects(filling, /stopped/);
  assert.equal(caches.open, 0);
});
