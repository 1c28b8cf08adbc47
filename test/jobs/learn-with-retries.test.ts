import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EosinError } from '../../app/core/errors.ts';
import type { JobEvent } from '../../app/core/run.ts';
import type { LearningSpec } from '../../app/jobs/job-spec.ts';
import { learnWithRetries } from '../../app/jobs/learn-with-retries.ts';
import { checkRecipe } from '../../app/training/recipe-book.ts';

const spec = {
  recipe: checkRecipe({
    name: 'r',
    backbone: 'mobilenet-v2',
    input: { sizePx: 64 },
    phases: [{ name: 'head', unfreeze: 0, epochs: 1, learningRate: 1 }],
    batchSize: 12,
  }),
};
const failure = (code: string): EosinError => new EosinError(code, 'retry', 'It failed.', { remedy: 'Again.' });

/** Fails with each of `codes` in turn, then ends well; gives how many pictures each attempt took at once, and the notes. */
async function attempts(...codes: string[]) {
  const taken: (number | undefined)[] = [];
  const notes: string[] = [];
  const learn = async ({ mostAtOnce }: LearningSpec): Promise<string> => {
    taken.push(mostAtOnce);
    const code = codes[taken.length - 1];
    if (code) throw failure(code);
    return 'done';
  };
  const emit = (event: JobEvent): void => void (event.type === 'note' && notes.push(event.text));
  const ended = await learnWithRetries(spec as LearningSpec, learn, emit).catch((thrown: EosinError) => thrown.code);
  return { taken, notes, ended };
}

test('a lost GPU is tried again as it was, then with half the pictures, then no more', async () => {
  const lost = 'engine/gpu-lost';
  assert.deepEqual(await attempts(), { taken: [undefined], notes: [], ended: 'done' });
  const once = await attempts(lost);
  assert.deepEqual([once.taken, once.ended], [[undefined, undefined], 'done']);
  const thrice = await attempts(lost, lost, lost);
  assert.deepEqual([thrice.taken, thrice.ended, thrice.notes.length], [[undefined, undefined, 6], lost, 2]);
  assert.match(thrice.notes[1]!, /last checkpoint, with 6 pictures at once/);
});

test('without memory there are half the pictures at once, down to one, and no other failure is tried again', async () => {
  const full = 'engine/out-of-memory';
  const down = await attempts(full, full, full, full);
  assert.deepEqual([down.taken, down.ended], [[undefined, 6, 3, 1], full]);
  assert.match(down.notes.join(' '), /with 6 pictures at once.*with 3 pictures.*with 1 picture at once/);
  const other = await attempts('train/diverged');
  assert.deepEqual([other.taken, other.ended], [[undefined], 'train/diverged']);
});

test('the half is that of what was taken at once; a batch that normalises itself is not cut', async () => {
  const full = (atOnce: number): EosinError =>
    new EosinError('engine/out-of-memory', 'config', 'Full.', { remedy: 'Less.', fields: { atOnce } });
  const taken: (number | undefined)[] = [];
  const learn = async ({ mostAtOnce }: LearningSpec): Promise<void> => {
    taken.push(mostAtOnce);
    if (mostAtOnce !== 2) throw full(mostAtOnce ?? 5);
  };
  await learnWithRetries(spec as LearningSpec, learn, () => undefined);
  assert.deepEqual(taken, [undefined, 2]);
  const whole = { recipe: { ...spec.recipe, batchNorm: 'training' } } as LearningSpec;
  await assert.rejects(
    learnWithRetries(
      whole,
      () => Promise.reject(full(12)),
      () => undefined,
    ),
    { code: 'engine/out-of-memory' },
  );
});
