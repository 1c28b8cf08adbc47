import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Engine } from '../../app/engine/engine.ts';
import { GRADIENT_CASES } from '../../app/engine/gradient-cases.ts';
import { ladder, openBestEngine, openEngine } from '../../app/engine/node.ts';
import { compareGradients, GRADIENT_TOLERANCE, selfTest } from '../../app/engine/self-test.ts';
import { buildKernels } from '../../scripts/build-kernels.ts';

await buildKernels();
let engine: Engine | null = null;

afterEach(async () => {
  await engine?.close();
  engine = null;
});

test('every layer kind has the gradients of the cpu backend on wasm', async () => {
  engine = await openEngine('wasm', { threads: 2 });
  for (const each of GRADIENT_CASES) {
    const error = await compareGradients(engine.tf, 'wasm', each);
    assert.ok(error <= GRADIENT_TOLERANCE, `${each.kind}: ${error}`);
  }
});

test('wasm runs the threads that were asked for and can be opened again', async () => {
  for (const threads of [2, 1]) {
    engine = await openEngine('wasm', { threads });
    assert.equal(engine.threads, threads);
    const result = await selfTest(engine);
    assert.deepEqual(
      { passed: result.passed, leaked: result.leakedTensors },
      { passed: true, leaked: 0 },
      result.reason,
    );
    assert.ok(result.gradientError > 0 && result.gradientError < GRADIENT_TOLERANCE);
    await engine.close();
    engine = null;
  }
});

test('a wrong gradient kernel is found and named', async () => {
  engine = await openEngine('wasm', { threads: 1 });
  const { tf } = engine;
  const right = tf.getKernel('MaxPoolGrad', 'wasm')!;
  const doubled: typeof right.kernelFunc = (args) => {
    const dx = right.kernelFunc(args);
    return tf.getKernel('Multiply', 'wasm')!.kernelFunc({
      inputs: { a: dx as never, b: dx as never },
      attrs: {} as never,
      backend: args.backend,
    });
  };
  tf.unregisterKernel('MaxPoolGrad', 'wasm');
  tf.registerKernel({ ...right, kernelFunc: doubled });
  try {
    const result = await selfTest(engine);
    assert.equal(result.passed, false);
    assert.equal(result.worst, 'max pooling 2x2');
    assert.match(result.reason!, /max pooling 2x2.* is off by/);
  } finally {
    tf.unregisterKernel('MaxPoolGrad', 'wasm');
    tf.registerKernel(right);
  }
});

test('the ladder says why a rung cannot be used', async () => {
  const rungs = await ladder();
  assert.deepEqual(
    rungs.map((rung) => rung.id),
    ['native-cuda', 'native-cpu', 'webgpu', 'wasm', 'cpu'],
  );
  for (const rung of rungs) assert.equal(rung.usable, rung.reason === undefined);
});

test('the best engine is opened, and a wish overrules the order', async () => {
  engine = await openBestEngine('cpu', { threads: 2 });
  assert.equal(engine.id, 'cpu');
  await engine.close();
  engine = await openBestEngine(null, { threads: 2 });
  // Whether there is a GPU is known only once it was asked for.
  const best = (await ladder()).filter((rung) => rung.usable && rung.id !== 'cpu').map((rung) => rung.id);
  assert.equal(
    engine.id,
    best.find((id) => id !== 'webgpu' || engine!.id === 'webgpu'),
  );
});
