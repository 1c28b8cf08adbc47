/** Events of a run folded into what the screen shows: nothing twice, nothing backwards, the same after a resume. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobEvent, SequencedEvent } from '../../../app/core/run.ts';
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
  assert.equal(howFar(story).share, (1 + 1 / 4) / 2);
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
  assert.deepEqual(howFar(later), { share: 0.6, etaSeconds: 7, words: 'Cut: 60 of 100 patches' });
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
