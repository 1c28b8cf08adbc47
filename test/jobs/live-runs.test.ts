import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { EosinError, paused } from '../../app/core/errors.ts';
import type { JobEvent, SequencedEvent } from '../../app/core/run.ts';
import { createLiveRuns, type LiveRuns } from '../../app/jobs/live-runs.ts';
import type { RunStore } from '../../app/jobs/run-store.ts';
import type { Project } from '../../app/project.ts';
import { tempProject } from '../db/temp-project.ts';

function bench(t: TestContext): { live: LiveRuns; store: RunStore; newRun: () => string; project: Project } {
  const { project } = tempProject(t);
  const store = project.runs;
  return {
    store,
    live: createLiveRuns(store),
    newRun: () => store.create({ kind: 'train', title: 'Train', spec: {} }).id,
    project,
  };
}

const note = (text: string): JobEvent => ({ type: 'note', level: 'info', text });
const progress = (done: number): JobEvent => ({
  type: 'progress',
  stage: 'Cut',
  done,
  total: 9,
  unit: 'patches',
  etaSeconds: null,
});
const until = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

async function all(events: AsyncIterable<SequencedEvent>): Promise<SequencedEvent[]> {
  const seen: SequencedEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}
const types = (events: readonly SequencedEvent[]): string[] => events.map(({ type }) => type);

test('a reader sees every stored event and the latest progress; a broken stream goes on with exactly the rest', async (t) => {
  const { live, store, newRun } = bench(t);
  const id = newRun();
  const step = Promise.withResolvers<void>();
  live.start(id, async (emit) => {
    emit(note('one'));
    emit(progress(1));
    emit(progress(2));
    await step.promise;
    emit(note('two'));
    return { model: 'm' };
  });
  const first: SequencedEvent[] = [];
  for await (const event of live.events(id, 0)) {
    first.push(event);
    if (event.type === 'progress') break;
  }
  assert.deepEqual(types(first), ['note', 'progress']);
  assert.equal((first[1] as { done: number }).done, 2);
  assert.equal(first[1]!.seq, 1, 'progress has the seq of the last stored event');
  assert.equal(store.get(id).state, 'running');

  const rest = all(live.events(id, first.at(-1)!.seq));
  step.resolve();
  const stored = (await rest).filter(({ type }) => type !== 'progress');
  assert.deepEqual(
    stored.map(({ seq, type }) => [seq, type]),
    [
      [2, 'note'],
      [3, 'done'],
    ],
  );
  assert.equal(store.get(id).state, 'done');
  assert.deepEqual(store.get(id).result, { model: 'm' });
  assert.deepEqual(types(store.events(id)), ['note', 'note', 'done'], 'progress is not stored');
  assert.deepEqual(types(await all(live.events(id, 1))), ['note', 'done'], 'after the end, too');
});

test('one run works at a time; a queued run that is cancelled never starts', async (t) => {
  const { live, store, newRun } = bench(t);
  const [first, second, third] = [newRun(), newRun(), newRun()];
  const step = Promise.withResolvers<void>();
  const worked: string[] = [];
  live.start(first, async () => {
    worked.push('first');
    await step.promise;
    return {};
  });
  live.start(second, async () => {
    worked.push('second');
    return {};
  });
  live.start(third, async () => {
    worked.push('third');
    return {};
  });
  await new Promise(setImmediate);
  assert.deepEqual(
    [first, second, third].map((id) => store.get(id).state),
    ['running', 'queued', 'queued'],
  );
  assert.equal(live.cancel(second), true);
  assert.deepEqual(types(await all(live.events(second, 0))), ['cancelled']);
  step.resolve();
  await all(live.events(third, 0));
  assert.deepEqual(worked, ['first', 'third']);
  assert.deepEqual(
    [first, second, third].map((id) => store.get(id).state),
    ['done', 'cancelled', 'done'],
  );
  assert.equal(live.cancel(first), false);
});

test('a failure is stored with its report; what was thrown by no plan of ours is internal', async (t) => {
  const { live, store, newRun } = bench(t);
  const [typed, bug] = [newRun(), newRun()];
  live.start(typed, async () => {
    throw new EosinError('plan/one-class', 'input', 'One class.', { remedy: 'Label another.' });
  });
  live.start(bug, async () => {
    throw new TypeError('x is undefined');
  });
  const [failed] = await all(live.events(typed, 0));
  assert.equal(failed?.type === 'failed' && failed.error.code, 'plan/one-class');
  await all(live.events(bug, 0));
  assert.equal((store.get(typed).result as { error: { code: string } }).error.code, 'plan/one-class');
  assert.equal((store.get(bug).result as { error: { code: string } }).error.code, 'internal/unexpected');
  assert.equal(store.get(bug).state, 'failed');
});

test('close cancels what runs and what waits, and returns when nothing runs any more', async (t) => {
  const { live, store, newRun } = bench(t);
  const [first, second] = [newRun(), newRun()];
  let cleaned = false;
  live.start(first, async (_, signal) => {
    try {
      return await until(signal);
    } finally {
      await new Promise((resolve) => setTimeout(resolve, 50));
      cleaned = true;
    }
  });
  live.start(second, async () => ({}));
  await new Promise(setImmediate);
  await live.close();
  assert.equal(cleaned, true);
  assert.deepEqual(
    [first, second].map((id) => store.get(id).state),
    ['cancelled', 'cancelled'],
  );
});

test('a reader that leaves in the middle leaves the run alone', async (t) => {
  const { live, store, newRun } = bench(t);
  const id = newRun();
  const step = Promise.withResolvers<void>();
  live.start(id, async (emit) => {
    emit(note('one'));
    await step.promise;
    return {};
  });
  for await (const _ of live.events(id, 0)) break;
  step.resolve();
  await all(live.events(id, 0));
  assert.equal(store.get(id).state, 'done');
});

test('an end that cannot be stored is told to the readers, and the project can still be closed', async (t) => {
  const { live, newRun, project } = bench(t);
  const id = newRun();
  const step = Promise.withResolvers<void>();
  live.start(id, async (emit) => {
    emit(note('one'));
    await step.promise;
    return {};
  });
  const reader = live.events(id, 0);
  assert.equal((await reader.next()).value?.type, 'note');
  // From here on the database takes nothing, as on a disk that became read-only.
  project.db.sqlite.pragma('query_only = 1');
  step.resolve();
  const { value } = await reader.next();
  assert.equal(value?.type === 'failed' && value.error.code, 'project/not-writable');
  assert.equal((await reader.next()).done, true);
  await live.close();
  project.db.sqlite.pragma('query_only = 0');
});

test('a paused run is told so, ends paused, and is stored as cancelled, which can go on', async (t) => {
  const { live, store, newRun } = bench(t);
  const id = newRun();
  live.start(id, async (emit, _signal, pause) => {
    emit(note('one'));
    return await until(pause);
  });
  const waits = newRun();
  live.start(waits, async () => ({}));
  for await (const event of live.events(id, 0)) if (event.type === 'note') break;
  assert.equal(live.pause(waits), true);
  assert.deepEqual(types(await all(live.events(waits, 0))), ['paused']);
  assert.equal(live.pause(id), true);
  assert.deepEqual(types(await all(live.events(id, 0))), ['note', 'paused']);
  assert.equal(store.get(id).state, 'cancelled');
  assert.equal(live.pause(id), false);
});

test('a run that waits for an answer ends paused, a cancel in a pause ends cancelled', async (t) => {
  const { live, newRun } = bench(t);
  const asks = newRun();
  live.start(asks, async () => {
    throw paused();
  });
  assert.deepEqual(types(await all(live.events(asks, 0))), ['paused']);
  const both = newRun();
  live.start(both, (_emit, signal) => until(signal));
  live.pause(both);
  live.cancel(both);
  assert.deepEqual(types(await all(live.events(both, 0))), ['cancelled']);
});
