import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { EosinError } from '../../app/core/errors.ts';
import { onnxForward } from '../../app/inference/onnx-node.ts';
import {
  decodeProbabilities,
  encodeProbabilities,
  type PatchBatch,
  startPredictLoop,
} from '../../app/inference/predict-loop.ts';
import { tinyOnnx } from '../fixtures/tiny-onnx.ts';

const sizePx = 8;
const batchSize = 4;
const slots = 3;
const patchBytes = sizePx * sizePx * 3;
// Class 0 grows with red: the probability tells which patch was judged.
const classifier = {
  sizePx,
  kernel: [
    [0.02, 0],
    [0, 0],
    [0, 0],
  ],
  bias: [-2, 0],
} as const;
const probabilityOf = (red: number): number => 1 / (1 + Math.exp(2 - 0.02 * red));

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eosin-predict-'));
  await writeFile(join(folder, 'model.onnx'), tinyOnnx(classifier));
});
after(() => rm(folder, { recursive: true, force: true }));

const input = (slotFile: string, modelFolder = folder) => ({
  onnxFiles: [join(modelFolder, 'model.onnx')],
  threads: 1,
  batchSize,
  sizePx,
  classCount: 2,
  slotFile: join(folder, slotFile),
});

async function writeSlots(name: string, reds: readonly (readonly number[])[]): Promise<void> {
  const bytes = new Uint8Array(slots * batchSize * patchBytes);
  reds.forEach((slot, s) => {
    slot.forEach((red, i) => {
      const start = (s * batchSize + i) * patchBytes;
      for (let p = 0; p < patchBytes; p += 3) bytes[start + p] = red;
    });
  });
  await writeFile(join(folder, name), bytes);
}

test('every batch is answered once, in order, from the slot it names; short batches too', async () => {
  await writeSlots('a.slots', [
    [0, 50, 100, 150],
    [200, 250],
    [10, 20, 30],
  ]);
  const answers: { batch: PatchBatch; values: number[] }[] = [];
  const loop = startPredictLoop(input('a.slots'), {
    forward: onnxForward,
    answer: (batch, values) => answers.push({ batch, values: [...values] }),
  });
  loop.batch({ slot: 0, id: 10, count: 4 });
  loop.batch({ slot: 2, id: 11, count: 3 });
  loop.batch({ slot: 1, id: 12, count: 2 });
  loop.finish();
  await loop.ended;
  assert.deepEqual(
    answers.map(({ batch }) => batch.id),
    [10, 11, 12],
  );
  const reds = [
    [0, 50, 100, 150],
    [10, 20, 30],
    [200, 250],
  ];
  answers.forEach(({ values }, b) => {
    assert.equal(values.length, reds[b]!.length * 2);
    reds[b]!.forEach((red, i) => {
      assert.ok(Math.abs(values[i * 2]! - probabilityOf(red)) < 1e-5, `batch ${b} patch ${i}`);
    });
  });
});

test('a slot may be filled again as soon as it was answered', async () => {
  await writeSlots('b.slots', [[0]]);
  const seen: number[] = [];
  const rounds = 20;
  const loop = startPredictLoop(input('b.slots'), {
    forward: onnxForward,
    answer: async (_batch, values) => {
      seen.push(values[0]!);
      if (seen.length === rounds) return loop.finish();
      await writeSlots('b.slots', [[seen.length]]);
      loop.batch({ slot: 0, id: seen.length, count: 1 });
    },
  });
  loop.batch({ slot: 0, id: 0, count: 1 });
  await loop.ended;
  for (const [red, value] of seen.entries()) assert.ok(Math.abs(value - probabilityOf(red)) < 1e-5, `round ${red}`);
});

test('cancel ends the loop as cancelled; what was answered before stays answered', async () => {
  await writeSlots('c.slots', [[1], [2], [3]]);
  const answered: number[] = [];
  const loop = startPredictLoop(input('c.slots'), {
    forward: onnxForward,
    answer: ({ id }) => {
      answered.push(id);
      loop.cancel();
    },
  });
  for (const slot of [0, 1, 2]) loop.batch({ slot, id: slot, count: 1 });
  await assert.rejects(loop.ended, (error: EosinError) => error.kind === 'cancelled');
  assert.deepEqual(answered, [0]);
});

test('a loop that nobody gives a batch can be cancelled and finished', async () => {
  await writeSlots('d.slots', []);
  const idle = startPredictLoop(input('d.slots'), { forward: onnxForward, answer: () => {} });
  setImmediate(() => idle.cancel());
  await assert.rejects(idle.ended, (error: EosinError) => error.code === 'job/cancelled');
  const empty = startPredictLoop(input('d.slots'), { forward: onnxForward, answer: () => {} });
  empty.finish();
  await empty.ended;
});

test('a missing model, a short slot and a model of other classes are told apart', async () => {
  await writeSlots('e.slots', [[1]]);
  const codeOf = async (work: Promise<void>): Promise<string> =>
    work.then(
      () => 'none',
      (error: unknown) => (error instanceof EosinError ? error.code : String(error)),
    );
  const run = async (spec: ReturnType<typeof input>, batch: PatchBatch): Promise<string> => {
    const loop = startPredictLoop(spec, { forward: onnxForward, answer: () => {} });
    loop.batch(batch);
    loop.finish();
    return codeOf(loop.ended);
  };
  const one = { slot: 0, id: 0, count: 1 };
  assert.equal(await run(input('e.slots', join(folder, 'nowhere')), one), 'model/missing');
  assert.equal(await run(input('e.slots'), { slot: slots, id: 0, count: 1 }), 'predict/short-slot');
  assert.equal(await run({ ...input('e.slots'), classCount: 3 }, one), 'model/broken');
  assert.equal(await run(input('e.slots'), one), 'none');
});

test('weights that are no numbers give an error, never a probability', async () => {
  await writeSlots('f.slots', [[1]]);
  const broken = await mkdtemp(join(folder, 'nan-'));
  await writeFile(join(broken, 'model.onnx'), tinyOnnx({ ...classifier, bias: [Number.NaN, 0] }));
  let answers = 0;
  const loop = startPredictLoop(input('f.slots', broken), { forward: onnxForward, answer: () => answers++ });
  loop.batch({ slot: 0, id: 0, count: 1 });
  loop.finish();
  await assert.rejects(loop.ended, (error: EosinError) => error.code === 'model/broken');
  assert.equal(answers, 0);
});

test('probabilities cross the process boundary unchanged', () => {
  fc.assert(
    fc.property(fc.float32Array({ noNaN: true }), (values) => {
      assert.deepEqual([...decodeProbabilities(encodeProbabilities(values))], [...values]);
    }),
  );
  assert.throws(() => decodeProbabilities('AAAA'), RangeError);
});
