import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slideSize, square, tempProject, withCode } from '../db/temp-project.ts';

test('a new class takes the next free colour, pattern, letter and key', (t) => {
  const { classes } = tempProject(t).project;
  const made = Array.from({ length: 12 }, (_, i) => classes.create(`Stroma ${i}`));
  const all = classes.list();
  assert.equal(new Set(all.map(({ colour, pattern }) => `${colour} ${pattern}`)).size, all.length);
  assert.equal(new Set(all.map(({ letter }) => letter)).size, all.length);
  assert.deepEqual(
    all.map(({ key }) => key),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, null, null, null, null, null, null],
  );
  assert.equal(made[0]!.colour, '#009e73');
  assert.equal(classes.get(made[3]!.id).name, 'Stroma 3');
});

test('names are told apart whatever their case', (t) => {
  const { classes } = tempProject(t).project;
  assert.equal(classes.find('tUMOR')?.name, 'Tumor');
  assert.equal(classes.find('Necrosis'), undefined);
  assert.throws(() => classes.create('TUMOR'), withCode('class/duplicate'));
  assert.throws(() => classes.create(' '), withCode('class/not-usable'));
});

test('the whole list can be saved: renamed, swapped, reordered, added and removed', (t) => {
  const { classes } = tempProject(t).project;
  const [tumor, stroma, ignore] = classes.list();
  const added = { ...tumor!, id: 'new', name: 'Necrosis', key: 9 };
  const saved = classes.save([{ ...stroma!, name: 'Tumor' }, { ...tumor!, name: 'Stroma' }, added]);
  assert.deepEqual(
    saved.map(({ id, name }) => [id, name]),
    [
      [stroma!.id, 'Tumor'],
      [tumor!.id, 'Stroma'],
      ['new', 'Necrosis'],
    ],
  );
  assert.throws(() => classes.get(ignore!.id), withCode('class/unknown'));
  assert.throws(() => classes.save([tumor!, { ...stroma!, key: tumor!.key }]), withCode('class/not-usable'));
  assert.throws(() => classes.save([{ ...tumor!, colour: 'red' }]), withCode('class/not-usable'));
  assert.deepEqual(classes.list(), saved);
});

test('a class that regions carry is not taken away', (t) => {
  const { project, slide } = tempProject(t);
  const [tumor, ...others] = project.classes.list();
  const created = [{ id: 'a', classId: tumor!.id, geometry: square(1, 1) }];
  project.annotations.apply(slide.id, { created, updated: [], deleted: [] }, { author: 'ada', slideSize });
  assert.throws(() => project.classes.save(others), withCode('class/in-use'));
  assert.equal(project.classes.list().length, 3);
});

test('only what changed stands in the audit trail', (t) => {
  const { db, classes } = tempProject(t).project;
  const rows = () => db.sqlite.prepare<[], number>("SELECT count(*) FROM audit WHERE entity = 'class'").pluck().get()!;
  const before = rows();
  const [tumor, ...others] = classes.list();
  classes.save(classes.list());
  assert.equal(rows(), before);
  classes.save([{ ...tumor!, colour: '#123456' }, ...others]);
  assert.equal(rows(), before + 1);
});
