import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { JobEvent } from '../../app/core/run.ts';
import type { LearningSpec } from '../../app/jobs/job-spec.ts';
import { learnWithRetries } from '../../app/jobs/learn-with-retries.ts';
import { withPicturesAtOnce } from '../../app/training/out-of-memory.ts';
import { applySettings } from '../../app/training/recipe-book.ts';
import { train } from '../../app/training/train.ts';
import { engine, lossesOf, ofType, ports, smallPatches, smallRecipe, specOf } from './fixtures/train-bench.ts';

after(() => engine.close());

const recipe = applySettings(smallRecipe, ['phases.head.epochs=1', 'phases.fine-tune.epochs=1']);
const never = new AbortController().signal;

/** The wasm engine with room for the activations of `pictures` in training: more is a trap, as when its 4 GB are used up. */
function engineWithRoomFor(pictures: number): typeof engine {
  const tensor4d: typeof engine.tf.tensor4d = (values, shape, dtype) => {
    const whole = shape![1] === smallRecipe.input.sizePx; // what a finished model is compared on
    if (shape![0] > pictures && !whole) throw new WebAssembly.RuntimeError('memory access out of bounds');
    return engine.tf.tensor4d(values, shape, dtype);
  };
  return { ...engine, tf: { ...engine.tf, tensor4d } };
}

test('a training that memory is too small for goes on with half the pictures until they fit, before its first epoch', async () => {
  const given = { ...ports(smallPatches.source), engine: engineWithRoomFor(3) };
  const events: JobEvent[] = [];
  const emit = (event: JobEvent): void => void events.push(event);
  const spec: LearningSpec = specOf(recipe, smallPatches.patches);
  const outcome = await learnWithRetries(spec, (again) => train(again, given, emit, never), emit);
  const failed = ofType(events, 'note').filter(({ text }) => text.includes('pictures at once'));
  assert.equal(failed.length, 2, '8 -> 4 -> 2');
  const first = events.findIndex(({ type }) => type === 'epoch');
  assert.ok(events.lastIndexOf(failed[1]!) < first, 'no epoch was lost');
  assert.equal(outcome.engine.mostAtOnce, 2);
  // The same gradients, summed from smaller pieces.
  const roomy: JobEvent[] = [];
  await train(spec, ports(smallPatches.source), (event) => roomy.push(event), never);
  for (const [i, loss] of lossesOf(roomy).entries()) {
    const other = lossesOf(events)[i]!;
    assert.ok(Math.abs(loss - other) < 1e-3 * Math.max(1, loss), `${loss}, ${other}`);
  }
});

test('full memory is known by what the engines say of it, and nothing else is', () => {
  const codeOf = (thrown: unknown): unknown => (withPicturesAtOnce(thrown, 8) as { code?: string }).code;
  for (const text of ['OOM when allocating tensor with shape[8,112,112,96]', 'std::bad_alloc', 'CUDA: out of memory']) {
    assert.equal(codeOf(new Error(text)), 'engine/out-of-memory', text);
  }
  const other = new Error('shapes do not match');
  assert.equal(withPicturesAtOnce(other, 8), other);
});
