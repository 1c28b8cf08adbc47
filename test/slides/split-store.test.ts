import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addSlide, tempProject, withCode } from '../db/temp-project.ts';

test('patients get a part once; adding slides and assigning again never moves them', (t) => {
  const { project, slide } = tempProject(t);
  project.slides.update(slide.id, { patient: 'P1' });
  project.split.assign([
    { patient: 'P1', part: 'train' },
    { patient: 'P2', part: 'test' },
  ]);
  addSlide(project, project.folder, 'two.tif');
  const split = project.split.assign([
    { patient: 'P1', part: 'test' },
    { patient: 'P3', part: 'validation' },
  ]);
  assert.deepEqual(split, [
    { patient: 'P1', part: 'train', pinned: false },
    { patient: 'P2', part: 'test', pinned: false },
    { patient: 'P3', part: 'validation', pinned: false },
  ]);
  assert.deepEqual(project.split.get(), split);
  assert.deepEqual(
    project.slides.list().map(({ part }) => part),
    ['train', null],
  );
});

test('a person can move a patient, and that is written down', (t) => {
  const { project } = tempProject(t);
  project.split.assign([{ patient: 'P1', part: 'train' }]);
  assert.deepEqual(project.split.pin('P1', 'test', 'outside centre'), [{ patient: 'P1', part: 'test', pinned: true }]);
  project.split.pin('P1', 'test');
  const rows = project.db.sqlite
    .prepare("SELECT action, before, after, reason FROM audit WHERE entity = 'patient' ORDER BY seq")
    .all();
  assert.deepEqual(rows, [
    { action: 'create', before: null, after: '{"part":"train","pinned":false}', reason: null },
    {
      action: 'update',
      before: '{"part":"train","pinned":false}',
      after: '{"part":"test","pinned":true}',
      reason: 'outside centre',
    },
  ]);
});

test('a slide without a patient has its place under its own key', (t) => {
  const { project, slide } = tempProject(t);
  project.split.assign([{ patient: `slide:${slide.id}`, part: 'validation' }]);
  assert.equal(project.slides.get(slide.id).part, 'validation');
  project.slides.update(slide.id, { patient: 'P1' });
  assert.equal(project.slides.get(slide.id).part, null);
  assert.throws(() => project.split.pin('', 'test'), withCode('split/no-patient'));
});
