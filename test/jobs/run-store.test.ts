import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanSummary } from '../../app/core/run.ts';
import { openProject } from '../../app/project.ts';
import { tempProject, withCode } from '../db/temp-project.ts';

const spec = { recipe: 'quick', seed: 1 };
const plan: PlanSummary = {
  classes: [],
  patients: { train: 1, validation: 1, test: 0, known: true },
  slides: 2,
  sizePx: 224,
  mpp: 0.5,
  storeBytes: 0,
  warnings: [],
};

test('a run goes from queued to done with its plan, result and model', (t) => {
  const { runs } = tempProject(t).project;
  const run = runs.create({ kind: 'train', title: 'Train with quick', spec });
  assert.deepEqual([run.state, run.endedAt, run.plan, run.result], ['queued', null, null, null]);
  runs.setState(run.id, 'running');
  runs.appendEvent(run.id, { type: 'plan', summary: plan });
  runs.setModel(run.id, 'm1');
  const done = runs.setState(run.id, 'done', { model: 'm1' });
  assert.deepEqual([done.state, done.modelId, done.plan, done.result], ['done', 'm1', plan, { model: 'm1' }]);
  assert.match(done.endedAt!, /^\d{4}-/);
  assert.deepEqual(runs.spec(run.id), spec);
  assert.throws(() => runs.setState(run.id, 'running'), withCode('run/ended'));
});

test('events are numbered from 1 and can be read from any of them on', (t) => {
  const { runs } = tempProject(t).project;
  const one = runs.create({ kind: 'predict', title: 'Predict', spec, slideId: 's', modelId: 'm' });
  const other = runs.create({ kind: 'predict', title: 'Predict', spec });
  const note = (text: string) => ({ type: 'note', level: 'info', text }) as const;
  assert.deepEqual(
    ['a', 'b', 'c'].map((text) => runs.appendEvent(one.id, note(text))),
    [1, 2, 3],
  );
  assert.equal(runs.appendEvent(other.id, note('x')), 1);
  const after = runs.events(one.id, 1);
  assert.deepEqual(
    after.map(({ seq, type, ...rest }) => [seq, type, 'text' in rest && rest.text]),
    [
      [2, 'note', 'b'],
      [3, 'note', 'c'],
    ],
  );
  assert.equal(runs.events(one.id).length, 3);
  assert.deepEqual(runs.events(one.id, 3), []);
  assert.deepEqual(
    runs.list().map(({ id }) => id),
    [other.id, one.id],
  );
});

test('a run that a dead host left is failed when the project is opened again', (t) => {
  const { project } = tempProject(t);
  const [waiting, running, cancelled] = ['a', 'b', 'c'].map((title) =>
    project.runs.create({ kind: 'train', title, spec }),
  );
  project.runs.setState(running!.id, 'running');
  project.runs.appendEvent(running!.id, { type: 'note', level: 'info', text: 'going on' });
  project.runs.setState(cancelled!.id, 'cancelled');
  project.close();
  const again = openProject(project.folder);
  t.after(() => again.close());
  for (const run of [waiting!, running!]) {
    const found = again.runs.get(run.id);
    assert.equal(found.state, 'failed');
    assert.ok(found.endedAt);
    assert.equal((found.result as { error: { code: string } }).error.code, 'job/worker-lost');
  }
  const events = again.runs.events(running!.id);
  assert.deepEqual(
    events.map(({ seq, type }) => [seq, type]),
    [
      [1, 'note'],
      [2, 'failed'],
    ],
  );
  assert.equal(again.runs.get(cancelled!.id).state, 'cancelled');
});

test('unknown runs are said', (t) => {
  const { runs } = tempProject(t).project;
  for (const ask of [
    () => runs.get('x'),
    () => runs.events('x'),
    () => runs.spec('x'),
    () => runs.setState('x', 'done'),
  ]) {
    assert.throws(ask, withCode('run/unknown'));
  }
});
