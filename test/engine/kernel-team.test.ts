/** The gradient kernels on several threads: the same bits as on one, and an error instead of a hang where a thread is lost. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import type * as tf from '@tensorflow/tfjs';
import type { GradientBinaries } from '../../app/engine/kernels/gradient-module.ts';
import { cut } from '../../app/engine/kernels/kernel-team.ts';
import { openKernelTeam } from '../../app/engine/kernels/kernel-team-node.ts';
import { openEngine } from '../../app/engine/node.ts';
import { buildKernels } from '../../scripts/build-kernels.ts';

await buildKernels();
const file = (name: string) => new Uint8Array(readFileSync(path.join(import.meta.dirname, '../../dist/engine', name)));
const binaries: GradientBinaries = { plain: file('gradients.wasm'), shared: file('gradients-shared.wasm') };

/** A team of two, its heap, and the thread beside the calling one. */
async function teamOfTwo() {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 65_536, shared: true });
  const thread = once(process, 'worker') as Promise<[Worker]>;
  const team = await openKernelTeam(binaries, memory, 2);
  return { team, memory, thread: (await thread)[0] };
}

/** Large enough that each kernel's work is cut into several pieces. */
const wave = (engine: typeof tf, shape: number[]) =>
  engine.tidy(() =>
    engine
      .sin(
        engine
          .range(
            0,
            shape.reduce((a, b) => a * b),
          )
          .mul(1.618),
      )
      .reshape(shape),
  );

async function gradients(threads: number): Promise<Float32Array[]> {
  const engine = await openEngine('wasm', { threads });
  const { tf: api } = engine;
  const inputs = [[4, 20, 20, 24], [1, 1, 24, 40], [40], [3, 3, 40, 1], [3, 3, 40, 9], [3, 3, 3, 20]];
  const tensors = [...inputs.map((shape) => wave(api, shape)), wave(api, [4, 33, 33, 3])];
  const found = api.grads((...x: tf.Tensor[]) => {
    const [map, pointwise, scale, depthwise, full, stem, picture] = x as tf.Tensor4D[];
    const zeros = api.zeros([40]) as tf.Tensor1D;
    const wide = api.conv2d(map!, pointwise!, 1, 'same');
    const normal = api.batchNorm(wide, zeros, api.ones([40]) as tf.Tensor1D, zeros, scale as unknown as tf.Tensor1D);
    const own = api.conv2d(api.depthwiseConv2d(api.relu6(normal), depthwise!, 2, 'same'), full!, 1, 'same');
    const first = api.maxPool(api.clipByValue(api.conv2d(picture!, stem!, 2, 'same'), -1, 1), 3, 2, 'same');
    return own.square().sum().add(first.square().sum());
  })(tensors);
  const values = await Promise.all(found.map(async (gradient) => (await gradient.data<'float32'>()).slice()));
  await engine.close();
  return values;
}

test('one, two and three threads give the same bits', async () => {
  const one = await gradients(1);
  assert.ok(one.every((values) => values.some((value) => value !== 0)));
  for (const threads of [2, 3]) assert.deepEqual(await gradients(threads), one, `${threads} threads`);
});

test('cuts cover all of the work once, at multiples of the unit', () => {
  for (const [total, work, unit] of [
    [1000, 1000, 16],
    [17, 1e6, 4],
    [3, 1e6, 1],
    [5, 1, 4],
    [1, 1, 1],
  ] as const) {
    const ranges = cut(total, work, unit);
    assert.ok(ranges.length <= 16);
    assert.equal(ranges[0]![0], 0);
    assert.equal(ranges.at(-1)![1], total);
    for (const [i, [from, end]] of ranges.entries()) {
      assert.ok(from < end && from % unit === 0);
      if (i > 0) assert.equal(from, ranges[i - 1]![1]);
    }
  }
  assert.equal(cut(1000, 1).length, 1, 'small work is not cut');
});

test('every piece of every round is run once, whichever thread takes it', async () => {
  const { team, memory } = await teamOfTwo();
  const values = new Float32Array(memory.buffer);
  values.fill(1, 0, 64); // x of 16 rows of 2, factors, shifts
  for (let round = 1; round <= 300; round++) {
    values.fill(round, 40, 42);
    const places = Array.from({ length: 16 }, (_, i) => i);
    team.run(
      'affineRows',
      places.map((i) => [8 * i, 4 * 40, 4 * 44, 4 * (100 + 2 * i), 1, 2, -Infinity, Infinity]),
    );
    assert.deepEqual([...values.subarray(100, 132)], new Array(32).fill(round + 1));
  }
  await team.close();
});

test('a kernel that traps is an error, and so is all that comes after it', async () => {
  const { team } = await teamOfTwo();
  const beyond = 2 ** 31;
  const calls = Array.from({ length: 4 }, (_, i) => [i * 64, i * 64, i === 3 ? beyond : i * 64, 4, 6] as const);
  for (let i = 0; i < 2; i++) {
    assert.throws(() => team.run('reluGradient', calls as never), {
      code: 'engine/thread-lost',
      message: /a kernel trapped/,
    });
  }
  await team.close();
});

test('a thread that dies makes the team unusable, in words', async () => {
  const { team, thread } = await teamOfTwo();
  await thread.terminate();
  assert.throws(() => team.run('reluGradient', [[0, 0, 0, 4, 6]]), {
    code: 'engine/thread-lost',
    message: /A thread of the wasm engine is lost: it ended with code 1/,
  });
  await team.close();
});

test('closing the engine ends its threads', async () => {
  const started: Worker[] = [];
  const note = (worker: Worker): void => void started.push(worker);
  process.on('worker', note);
  const engine = await openEngine('wasm', { threads: 2 });
  process.off('worker', note);
  const threads = started.filter((worker) => worker.threadId > 0);
  assert.ok(threads.length >= 2, 'the backend has some, and we have one');
  await engine.close();
  for (const worker of threads) if (worker.threadId > 0) await once(worker, 'exit');
});

test('the module has no memory of its own that threads would share', () => {
  for (const binary of Object.values(binaries)) assert.deepEqual(sectionsOf(binary).filter(isOwnMemory), []);
});

/** Ids of the sections of a wasm file: a section is its id, its length as LEB128, and its bytes. */
function sectionsOf(binary: Uint8Array): number[] {
  const ids: number[] = [];
  for (let at = 8; at < binary.length; ) {
    ids.push(binary[at++]!);
    let length = 0;
    let shift = 0;
    for (let byte = 0x80; byte & 0x80; shift += 7) {
      byte = binary[at++]!;
      length += (byte & 0x7f) * 2 ** shift;
    }
    at += length;
  }
  return ids;
}

/** Memory 5, globals 6, start 8, data 11. */
const isOwnMemory = (id: number): boolean => [5, 6, 8, 11].includes(id);
