import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tempProject, withCode } from '../db/temp-project.ts';

const model = { runId: 'r1', classes: ['Tumor', 'Stroma'], sizePx: 224, mpp: 0.5, validation: null, test: null };

test('models are listed newest first and found by id, name or `latest`', (t) => {
  const { models } = tempProject(t).project;
  assert.throws(() => models.find('latest'), withCode('model/unknown'));
  const first = models.add({ ...model, name: 'quick' });
  const second = models.add({ ...model, name: 'quick', id: 'own-id', mpp: null });
  assert.deepEqual(models.list(), [second, first]);
  assert.equal(second.id, 'own-id');
  assert.deepEqual(models.get(first.id), first);
  assert.equal(models.find(first.id).id, first.id);
  assert.equal(models.find('quick').id, second.id);
  assert.equal(models.find('latest').id, second.id);
  assert.throws(() => models.get('x'), withCode('model/unknown'));
});

test('metrics come back as they were', (t) => {
  const { models } = tempProject(t).project;
  const interval = { value: 0.9, low: 0.8, high: 0.95, unit: 'patient' } as const;
  const validation = {
    patches: 10,
    patients: 2,
    accuracy: interval,
    balancedAccuracy: interval,
    loss: 0.3,
    classes: [],
    confusion: [
      [1, 0],
      [0, 1],
    ],
    colourBaseline: null,
  };
  const { id } = models.add({ ...model, name: 'a', validation });
  assert.deepEqual(models.get(id).validation, validation);
});
