/** Events of a run folded into what the screen shows: nothing twice, nothing backwards, the same after a resume. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobEvent, SequencedEvent } from '../../../app/core/run.ts';
import { stoppedWords } from '../../../renderer/state/result-words.ts';
import { howFar, tell, untold } from '../../../renderer/state/run-story.ts';

const at = '2026-01-01T00:00:00.000Z';
const phase = (name: string, index: number): JobEvent => ({
  type: 'phase',
  name,
  index,
  count: 2,
  groups: [name],
  learningRate: 1e-3,
  epochs: 4,
});
const epoch = (name: string, number: number, best: boolean): JobEvent => ({
  type: 'epoch',
  phase: name,
  epoch: number,
  epochs: 4,
  loss: 1 / number,
  accuracy: 0.9,
  valLoss: 1 / number,
  valAccuracy: 0.9,
  learningRate: 1e-3,
  seconds: 1,
  imagesPerSecond: 100,
  best,
  etaSeconds: 10,
});
const progress = (done: number): JobEvent => ({
  type: 'progress',
  stage: 'cut',
  done,
  total: 100,
  unit: 'patches',
  etaSeconds: 7,
});
const stored = (events: readonly JobEvent[]): SequencedEvent[] =>
  events.map((event, index) => ({ seq: index + 1, at, ...event }));
const fold = (events: readonly SequencedEvent[]) => events.reduce(tell, untold);

const events = stored([
  phase('head', 0),
  epoch('head', 1, true),
  epoch('head', 2, true),
  phase('fine-tune', 1),
  epoch('fine-tune', 1, false),
]);

test('epochs are counted over all phases, and each phase knows where it begins', () => {
  const story = fold(events);
  assert.equal(story.epochs.length, 3);
  assert.deepEqual(
    story.phases.map(({ name, from }) => [name, from]),
    [
      ['head', 0],
      ['fine-tune', 2],
    ],
  );
  assert.deepEqual(howFar(story), {
    share: 1 / 4,
    etaSeconds: 10,
    step: 'fine-tune',
    words: 'fine-tune (phase 2 of 2): epoch 1 of 4',
  });
});

test('a stream that was taken up again and repeats events tells the same story', () => {
  assert.deepEqual(fold([...events, ...events.slice(2)]), fold(events));
});

test('progress carries the number of the last stored event, is heard all the same, and never goes back', () => {
  const first = fold(events.slice(0, 1));
  const later = [progress(40), progress(60), progress(50)].reduce(
    (story, event) => tell(story, { seq: 1, at, ...event }),
    first,
  );
  assert.equal(later.progress?.done, 60);
  assert.deepEqual(howFar(later), { share: 0.6, etaSeconds: 7, step: 'Cut', words: 'Cut: 60 of 100 patches' });
});

test('no time left is told before a twentieth is done', () => {
  assert.equal(howFar(tell(untold, { seq: 0, at, ...progress(4) })).etaSeconds, null);
});

test('a failure keeps its words for the log and the result', () => {
  const error = { code: 'a/b', kind: 'internal', message: 'It broke.', remedy: 'Try again.', fields: {} } as const;
  const story = fold(stored([phase('head', 0), { type: 'failed', error }]));
  assert.equal(story.ended, 'failed');
  assert.equal(story.log.at(-1)?.text, 'It broke. Try again.');
});

const failed: JobEvent = {
  type: 'failed',
  error: { code: 'a/b', kind: 'internal', message: 'It broke.', remedy: 'Try again.', fields: {} },
};
const bands = ({ phases }: ReturnType<typeof fold>) => phases.map(({ name, from }) => [name, from]);
const epochsOf = ({ epochs }: ReturnType<typeof fold>) => epochs.map(({ phase, epoch }) => `${phase} ${epoch}`);

for (const end of [{ type: 'cancelled' } as const, failed]) {
  test(`a run that was ${end.type} goes on in the same story`, () => {
    const before = [phase('head', 0), epoch('head', 1, true), phase('fine-tune', 1), epoch('fine-tune', 1, true), end];
    const after: JobEvent[] = [phase('fine-tune', 1), epoch('fine-tune', 2, true), { type: 'done', result: {} }];
    const all = stored([...before, ...after]);
    const stopped = fold(all.slice(0, before.length));
    assert.equal(stopped.ended, end.type);
    assert.equal(
      stoppedWords(stopped, end.type),
      `The last run ${end.type === 'failed' ? 'failed' : 'was stopped'} after epoch 1 of fine-tune. Go on, or train anew.`,
    );

    const going = fold(all.slice(0, -1));
    assert.equal(going.ended, null);
    assert.equal(going.error, null);
    assert.deepEqual(bands(going), [
      ['head', 0],
      ['fine-tune', 1],
    ]);
    assert.deepEqual(epochsOf(going), ['head 1', 'fine-tune 1', 'fine-tune 2']);
    assert.equal(howFar(going).words, 'fine-tune (phase 2 of 2): epoch 2 of 4');
    assert.equal(fold(all).ended, 'done');
    assert.deepEqual(all.slice(before.length).reduce(tell, stopped), fold(all), 'the same after a reload');
  });
}

test('a run that begins anew after its end loses the epochs of its first try', () => {
  const first = [phase('head', 0), epoch('head', 1, true), phase('fine-tune', 1), epoch('fine-tune', 1, true)];
  const story = fold(stored([...first, { type: 'cancelled' }, phase('head', 0), epoch('head', 1, true)]));
  assert.deepEqual(epochsOf(story), ['head 1']);
  assert.deepEqual(bands(story), [['head', 0]]);
});

test('progress that comes late does not bring a run back that has ended', () => {
  const story = fold(stored([phase('head', 0), { type: 'cancelled' }]));
  assert.equal(tell(story, { seq: 2, at, ...progress(50) }), story);
});

test('an end that could not be stored is heard, once', () => {
  const story = tell(fold(stored([phase('head', 0)])), { seq: 1, at, ...failed });
  assert.equal(story.ended, 'failed');
  assert.equal(tell(story, { seq: 1, at, ...failed }), story);
});

test('a run that was stopped in its first epoch says so', () => {
  assert.match(stoppedWords(fold(stored([phase('head', 0), { type: 'cancelled' }])), 'cancelled'), /before its first/);
});

test('a run that is paused with a question asks it until it goes on', () => {
  const question = { type: 'diverging', phase: 'head', epoch: 4, bestEpoch: 1, learningRate: 1e-3 } as const;
  const asks = fold(stored([phase('head', 0), epoch('head', 1, true), question, { type: 'paused' }]));
  assert.deepEqual([asks.ended, asks.paused, asks.question], ['cancelled', true, { ...asks.question, ...question }]);
  assert.match(stoppedWords(asks, 'cancelled'), /was paused after epoch 1 of head/);
  const on = fold(stored([phase('head', 0), epoch('head', 1, true), question, { type: 'paused' }, phase('head', 0)]));
  assert.deepEqual([on.ended, on.paused, on.question], [null, false, null]);
});
