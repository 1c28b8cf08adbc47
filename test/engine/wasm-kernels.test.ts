import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { batchNormRelu } from '../../app/engine/batch-norm-relu.ts';
import { leanAdd, leanBias } from '../../app/engine/lean-add.ts';
import { openEngine } from '../../app/engine/node.ts';
import { compareGradients, GRADIENT_TOLERANCE } from '../../app/engine/self-test.ts';
import { buildKernels } from '../../scripts/build-kernels.ts';

await buildKernels();
const engine = await openEngine('wasm', { threads: 2 });
const { tf: api } = engine;
after(() => engine.close());

const side = fc.integer({ min: 5, max: 10 });
const channels = fc.integer({ min: 1, max: 21 });
const kernel = fc.integer({ min: 1, max: 4 });
const stride = fc.integer({ min: 1, max: 3 });
const pad = fc.constantFrom('same' as const, 'valid' as const);

async function assertGradients(run: (...x: tf.Tensor[]) => tf.Tensor, ...shapes: number[][]): Promise<void> {
  const error = await compareGradients(api, 'wasm', { kind: 'drawn', shapes, run: (_, x) => run(...x) });
  assert.ok(error <= GRADIENT_TOLERANCE, `off by ${error}`);
}

test('convolutions of any shape', async () => {
  await fc.assert(
    fc.asyncProperty(
      side,
      side,
      channels,
      channels,
      kernel,
      kernel,
      stride,
      pad,
      async (h, w, cin, cout, kh, kw, s, p) => {
        await assertGradients(
          (x, filter) => api.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, s, p),
          [2, h, w, cin],
          [kh, kw, cin, cout],
        );
      },
    ),
    { numRuns: 40 },
  );
});

test('convolutions of single pixels, with more channels than fill a panel', async () => {
  const many = fc.integer({ min: 1, max: 70 });
  await fc.assert(
    fc.asyncProperty(side, side, many, many, fc.integer({ min: 1, max: 2 }), pad, async (h, w, cin, cout, s, p) => {
      await assertGradients(
        (x, filter) => api.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, s, p),
        [2, h, w, cin],
        [1, 1, cin, cout],
      );
    }),
    { numRuns: 30 },
  );
});

test('depthwise convolutions of any shape', async () => {
  const multiplier = fc.integer({ min: 1, max: 3 });
  await fc.assert(
    fc.asyncProperty(
      side,
      side,
      channels,
      multiplier,
      kernel,
      kernel,
      stride,
      pad,
      async (h, w, c, q, kh, kw, s, p) => {
        await assertGradients(
          (x, filter) => api.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, s, p),
          [2, h, w, c],
          [kh, kw, c, q],
        );
      },
    ),
    { numRuns: 40 },
  );
});

test('max pooling of any shape', async () => {
  await fc.assert(
    fc.asyncProperty(side, side, channels, kernel, stride, pad, async (h, w, c, k, s, p) => {
      await assertGradients((x) => api.maxPool(x as tf.Tensor4D, k, s, p), [2, h, w, c]);
    }),
    { numRuns: 25 },
  );
});

test('batch normalization in training mode: gradients run through mean and variance too', async () => {
  await assertGradients(
    (x, scale, offset) => {
      const { mean, variance } = api.moments(x!, [0, 1, 2]);
      return api.batchNorm(x!, mean, variance, offset as tf.Tensor1D, scale as tf.Tensor1D, 1e-3);
    },
    [3, 4, 4, 7],
    [7],
    [7],
  );
});

test('a relu in a batch normalization of any shape', async () => {
  const cap = fc.constantFrom(6, Number.POSITIVE_INFINITY);
  await fc.assert(
    fc.asyncProperty(side, side, channels, cap, async (h, w, c, limit) => {
      const [mean, variance] = api.tidy(() => [api.range(0, c).mul(0.1), api.range(0, c).mul(0.3).add(0.05)]) as [
        tf.Tensor1D,
        tf.Tensor1D,
      ];
      await assertGradients(
        (x, scale, offset) => {
          const constants = {
            mean,
            variance,
            scale: scale as tf.Tensor1D,
            offset: offset as tf.Tensor1D,
            epsilon: 1e-3,
          };
          return batchNormRelu(api, x!.mul(5), constants, limit);
        },
        [2, h, w, c],
        [c],
        [c],
      );
      api.dispose([mean, variance]);
    }),
    { numRuns: 25 },
  );
});

test('sums that keep nothing for the way back have the gradients of sums', async () => {
  await assertGradients((a, b) => leanAdd(api, a!, b!).mul(a!), [2, 5, 5, 3], [2, 5, 5, 3]);
  await assertGradients((x, bias) => leanBias(api, x!, bias!).mul(x!), [2, 5, 5, 7], [7]);
  await assertGradients((x, bias) => leanBias(api, x!, bias!).square(), [6, 5], [5]);
});

test('padding of any width, on every axis', async () => {
  const width = fc.integer({ min: 0, max: 3 });
  await fc.assert(
    fc.asyncProperty(side, side, channels, width, width, width, width, async (h, w, c, t, b, l, r) => {
      await assertGradients(
        (x) =>
          api
            .pad(x!, [
              [0, 0],
              [t, b],
              [l, r],
              [0, 0],
            ])
            .square(),
        [2, h, w, c],
      );
    }),
    { numRuns: 20 },
  );
  await assertGradients(
    (x) =>
      api
        .pad(x!, [
          [1, 0],
          [0, 2],
          [0, 0],
          [0, 1],
        ])
        .square(),
    [2, 3, 3, 2],
  );
  await assertGradients(
    (x) =>
      api
        .pad(
          x!,
          [
            [0, 0],
            [1, 1],
            [1, 1],
            [0, 0],
          ],
          7,
        )
        .square(),
    [2, 3, 3, 2],
  );
});

test('a list is cut into pieces', () => {
  const pieces = api.tidy(() => api.split(api.range(0, 10), [3, 1, 6]).map((piece) => [...piece.dataSync()]));
  assert.deepEqual(pieces, [[0, 1, 2], [3], [4, 5, 6, 7, 8, 9]]);
});

test('the sums of a long column stay exact', async () => {
  const rows = 300_000;
  const values = Float32Array.from({ length: rows * 2 }, (_, i) => (i % 2 === 0 ? 0.1 : Math.sin(i)));
  const x = api.tensor(values, [1, rows, 1, 2]);
  const sums = api.tidy(() =>
    api.grad((offset) =>
      api
        .batchNorm(x, [0, 0], [1, 1], offset as tf.Tensor1D, [1, 1])
        .mul(x)
        .sum(),
    )(api.zeros([2])),
  );
  const found = await sums.data();
  let [first, second] = [0, 0];
  for (let i = 0; i < values.length; i += 2) [first, second] = [first + values[i]!, second + values[i + 1]!];
  assert.ok(Math.abs(found[0]! / first - 1) < 1e-5, `${found[0]} against ${first}`);
  assert.ok(Math.abs(found[1]! - second) < 0.02, `${found[1]} against ${second}`);
  api.dispose([x, sums]);
});

test('no kernel leaves a tensor or heap data behind', async () => {
  const before = api.memory();
  for (let i = 0; i < 3; i++) {
    await assertGradients(
      (x, filter) => api.relu6(api.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same')),
      [2, 6, 6, 3],
      [3, 3, 3, 4],
    );
  }
  const now = api.memory();
  assert.deepEqual([now.numTensors, now.numDataBuffers], [before.numTensors, before.numDataBuffers]);
  const backend = api.backend() as unknown as { numDataIds(): number };
  assert.equal(backend.numDataIds(), before.numDataBuffers);
});

test('a dilated depthwise convolution is refused, not computed wrongly', () => {
  const x = api.ones([1, 8, 8, 2]) as tf.Tensor4D;
  const inputs = { x, dy: x };
  const attrs = { strides: [1, 1], pad: 'same', dilations: [2, 2], filterShape: [3, 3, 2, 1] };
  assert.throws(() => api.engine().runKernel('DepthwiseConv2dNativeBackpropFilter', inputs, attrs), {
    code: 'engine/dilation',
  });
});
