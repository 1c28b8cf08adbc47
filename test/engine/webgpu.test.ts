/** The WebGPU engine in Node, on Chromium's SwiftShader: correct gradients, typed failures, and processes that end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { execPath } from 'node:process';
import { afterEach, before, describe, test } from 'node:test';
import type * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import fc from 'fast-check';
import { GRADIENT_CASES } from '../../app/engine/gradient-cases.ts';
import { openEngine } from '../../app/engine/node.ts';
import { compareGradients, GRADIENT_TOLERANCE, selfTest } from '../../app/engine/self-test.ts';
import type { WebGpuEngine } from '../../app/engine/webgpu.ts';
import { boundBuffers } from '../../app/engine/webgpu-buffers.ts';
import { useSoftwareGpu, withoutSoftwareGpu } from './software-gpu.ts';

describe('webgpu', { skip: withoutSoftwareGpu }, () => {
  let engine: WebGpuEngine;
  const open = async (): Promise<WebGpuEngine> => {
    engine = (await openEngine('webgpu', { threads: 1, allowSoftwareGpu: true })) as WebGpuEngine;
    return engine;
  };
  const backend = (): WebGPUBackend => engine.tf.backend() as unknown as WebGPUBackend;

  before(useSoftwareGpu);
  afterEach(async () => engine?.close());

  test('passes the self-test: gradients of every layer kind, a training step, nothing left behind', async () => {
    const { passed, leakedTensors, gradientError, reason } = await selfTest(await open());
    assert.deepEqual({ passed, leakedTensors }, { passed: true, leakedTensors: 0 }, reason);
    assert.ok(gradientError > 0, 'the GPU does not compute what the processor does, bit for bit');
    assert.equal(backend().numDataIds(), 0);
    assert.equal(engine.device, 'CPU, SwiftShader, WebGPU');
  });

  test('filter gradients of any shape are those of the cpu backend', async () => {
    const { tf: api } = await open();
    const small = fc.integer({ min: 1, max: 3 });
    const shapes = fc.record({
      map: fc.tuple(small, fc.integer({ min: 5, max: 18 }), fc.integer({ min: 5, max: 9 })),
      inputs: fc.constantFrom<number>(1, 3, 4, 8),
      outputs: fc.constantFrom<number>(2, 4, 7),
      taps: fc.tuple(fc.integer({ min: 1, max: 4 }), small),
      stride: small,
      pad: fc.constantFrom('same' as const, 'valid' as const),
      multiplier: fc.constantFrom(1, 2),
    });
    type Shapes = typeof shapes extends fc.Arbitrary<infer Drawn> ? Drawn : never;
    const check = async ({ map, inputs, outputs, taps, stride, pad, multiplier }: Shapes): Promise<void> => {
      for (const kind of ['conv2d', 'depthwiseConv2d'] as const) {
        const depth = kind === 'conv2d' ? outputs : multiplier;
        const error = await compareGradients(api, 'webgpu', {
          kind,
          shapes: [
            [...map, inputs],
            [...taps, inputs, depth],
          ],
          run: (_, [x, filter]) => api[kind](x as tf.Tensor4D, filter as tf.Tensor4D, stride, pad),
        });
        assert.ok(error <= GRADIENT_TOLERANCE, `${kind} is off by ${error}`);
      }
    };
    await fc.assert(fc.asyncProperty(shapes, check), { numRuns: 12 });
    // A product that is large enough not to be cut into parts.
    await check({ map: [2, 3, 3], inputs: 130, outputs: 140, taps: [1, 1], stride: 1, pad: 'same', multiplier: 1 });
  });

  test('gradients are the same to the bit when they are computed again', async () => {
    const { tf: api } = await open();
    const gradients = async (): Promise<Float32Array[]> => {
      const wave = (shape: number[]): tf.Tensor4D =>
        api.tidy(() =>
          api
            .sin(
              api
                .range(
                  0,
                  shape.reduce((a, b) => a * b),
                )
                .mul(1.618),
            )
            .reshape(shape),
        );
      const inputs = [wave([1, 48, 48, 16]), wave([1, 1, 16, 24]), wave([3, 3, 24, 1])];
      const found = api.tidy(() =>
        api.grads((...x: tf.Tensor[]) => {
          const [map, pointwise, depthwise] = x as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
          return api
            .depthwiseConv2d(api.conv2d(map, pointwise, 1, 'same'), depthwise, 1, 'same')
            .square()
            .sum();
        })(inputs),
      );
      return await Promise.all(found.map(async (gradient) => await gradient.data<'float32'>()));
    };
    const once = await gradients();
    assert.ok(once.every((values) => values.some((value) => value !== 0)));
    assert.deepEqual(await gradients(), once);
  });

  test('a lost GPU is an error for all that waits for it and all that comes after it', {
    timeout: 60_000,
  }, async () => {
    const { tf: api, failed } = await open();
    const waiting = api
      .ones([64, 64])
      .matMul(api.ones([64, 64]))
      .data();
    backend().device.destroy();
    await assert.rejects(waiting, { code: 'engine/gpu-lost', kind: 'retry', name: 'EosinError' });
    assert.equal((await failed).code, 'engine/gpu-lost');
    assert.throws(() => api.ones([64, 64]).matMul(api.ones([64, 64])), { code: 'engine/gpu-lost' });
    await engine.close();
    await open();
    const [one] = await engine.tf
      .ones([64, 64])
      .matMul(engine.tf.ones([64, 64]))
      .data();
    assert.equal(one, 64, 'it can be opened again');
  });

  test('a tensor that the GPU cannot take is refused before anything is computed with it', async () => {
    const { tf: api, largestTensorBytes } = await open();
    const side = Math.ceil(Math.sqrt(largestTensorBytes / 4)) + 1;
    assert.throws(() => api.ones([side, 1]).matMul(api.ones([1, side])), { code: 'engine/out-of-memory' });
    assert.deepEqual([...(await api.ones([3]).square().data())], [1, 1, 1]);
  });

  test('buffers that lie idle are bounded, and dropping them disturbs nothing', async () => {
    const { tf: api } = await open();
    const { bufferManager } = backend();
    const stepThrough = async (): Promise<number> => {
      for (let side = 61; side < 91; side += 2) {
        const [value] = await api
          .tidy(() =>
            api
              .ones([side, side])
              .matMul(api.ones([side, side]))
              .square()
              .max(),
          )
          .data();
        assert.equal(value, side ** 2);
      }
      return bufferManager.numBytesAllocated - bufferManager.numBytesUsed;
    };
    const idle = await stepThrough();
    boundBuffers(bufferManager, 1e9, 100_000);
    assert.ok((await stepThrough()) < 300_000 && idle > 1e6, `${idle} bytes lay idle before`);
    for (const each of GRADIENT_CASES.filter(({ kind }) => /3x3, stride 2/.test(kind))) {
      assert.ok((await compareGradients(api, 'webgpu', each)) <= GRADIENT_TOLERANCE, each.kind);
    }
  });

  test('what the GPU refuses while nobody waits is not computed with', async () => {
    const { tf: api, failed } = await open();
    const { device } = backend();
    device.createBuffer({ size: device.limits.maxBufferSize + 4, usage: 0x80 });
    assert.equal((await failed).code, 'engine/gpu-error');
    await assert.rejects(
      async () =>
        api
          .ones([64, 64])
          .matMul(api.ones([64, 64]))
          .data(),
      {
        code: 'engine/gpu-error',
      },
    );
  });

  test('is refused where the GPU is imitated and no test allows it', async () => {
    await assert.rejects(openEngine('webgpu', { threads: 1 }), (error: { code: string; message: string }) => {
      assert.equal(error.code, 'engine/not-usable');
      assert.match(error.message, /no GPU but SwiftShader/);
      return true;
    });
  });

  /** Runs lines that have `engine` open in a process of their own. */
  const runApart = (lines: string): { status: number | null; signal: string | null; stdout: string } => {
    const program = `
      const { openEngine } = await import(${JSON.stringify(new URL('../../app/engine/node.ts', import.meta.url).href)});
      const { useSoftwareGpu } = await import(${JSON.stringify(new URL('./software-gpu.ts', import.meta.url).href)});
      useSoftwareGpu();
      const engine = await openEngine('webgpu', { threads: 1, allowSoftwareGpu: true });
      const work = engine.tf.ones([256, 256]).matMul(engine.tf.ones([256, 256])).data();
      ${lines}`;
    const options = { encoding: 'utf8', timeout: 60_000 } as const;
    const { status, signal, stdout } = spawnSync(execPath, ['--input-type=module', '-e', program], options);
    return { status, signal, stdout };
  };

  test('a process ends by itself after the engine was closed, or refused', () => {
    const ended = runApart(`
      console.log((await work)[0]);
      await engine.close();
      await openEngine('webgpu', { threads: 1 }).catch((error) => console.log(error.code));`);
    assert.deepEqual(ended, { status: 0, signal: null, stdout: '256\nengine/not-usable\n' });
  });

  test('a process that ends while the GPU works does not crash', () => {
    // Without our care it crashes every second time.
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(runApart('process.exit(3);'), { status: 3, signal: null, stdout: '' });
    }
  });
});
