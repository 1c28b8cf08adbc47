import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openProject } from '../../app/project.ts';
import { patientKey } from '../../app/slides/slide-store.ts';
import { addSlide, slideInfo, slideSize, square, tempFolder, tempProject, withCode } from '../db/temp-project.ts';

const { properties: _, ...infoWithoutProperties } = slideInfo('fingerprint of one.tif');

test('a slide is seen without its path and without the file’s own words', (t) => {
  const { folder, slide, project } = tempProject(t);
  assert.deepEqual(
    { ...slide, id: '' },
    {
      id: '',
      name: 'one.tif',
      patient: '',
      stain: '',
      scanner: '',
      mpp: { x: 0.5, y: 0.502 },
      mppSource: 'file',
      tissue: { threshold: null, penIsTissue: false },
      info: infoWithoutProperties,
      status: 'ready',
      regions: 0,
      part: null,
    },
  );
  assert.ok(!JSON.stringify(project.view()).includes(folder));
  assert.deepEqual(project.slides.properties(slide.id), { 'tiff.Software': 'test' });
  assert.equal(project.slides.resolvePath(slide.id), join(folder, 'one.tif'));
});

test('the same slide is not added twice, wherever it lies', (t) => {
  const { folder, project } = tempProject(t);
  writeFileSync(join(folder, 'copy.tif'), 'x');
  const again = { absolutePath: join(folder, 'copy.tif'), info: slideInfo('fingerprint of one.tif') };
  assert.throws(() => project.slides.add(again), withCode('slide/duplicate'));
  assert.throws(
    () => project.slides.add({ ...again, absolutePath: join(folder, 'none.tif'), info: slideInfo('other') }),
    withCode('slide/missing'),
  );
  assert.equal(project.slides.list().length, 1);
});

test('patient, stain, scanner, name and mpp are edited by hand, and mpp goes back to the file’s', (t) => {
  const { slide, project } = tempProject(t);
  const edited = project.slides.update(slide.id, {
    patient: ' P1 ',
    stain: 'H&E',
    scanner: 'AT2',
    name: 'One',
    mpp: { x: 0.25, y: 0.25 },
  });
  assert.deepEqual([edited.patient, edited.stain, edited.scanner, edited.name], ['P1', 'H&E', 'AT2', 'One']);
  assert.deepEqual([edited.mpp, edited.mppSource], [{ x: 0.25, y: 0.25 }, 'hand']);
  const back = project.slides.update(slide.id, { mpp: null });
  assert.deepEqual([back.mpp, back.mppSource, back.patient], [{ x: 0.5, y: 0.502 }, 'file', 'P1']);
  for (const patch of [
    { name: ' ' },
    { mpp: { x: 0, y: 0 } },
    { mpp: { x: Number.NaN, y: 1 } },
    { patient: 'slide:1' },
    { stain: 'a\nb' },
  ]) {
    assert.throws(() => project.slides.update(slide.id, patch), withCode('slide/bad-value'));
  }
});

test('where tissue begins is kept with the slide, part by part, and stands in the trail', (t) => {
  const { slide, project } = tempProject(t);
  assert.deepEqual(project.slides.update(slide.id, { tissue: { threshold: 31 } }).tissue, {
    threshold: 31,
    penIsTissue: false,
  });
  assert.deepEqual(project.slides.update(slide.id, { tissue: { penIsTissue: true } }).tissue, {
    threshold: 31,
    penIsTissue: true,
  });
  const trail = project.db.sqlite.prepare<[], { before: string; after: string }>(
    "SELECT before, after FROM audit WHERE action = 'update' AND entity = 'slide' ORDER BY seq",
  );
  assert.deepEqual(
    trail.all().map(({ before, after }) => [JSON.parse(before).tissue_threshold, JSON.parse(after).tissue_threshold]),
    [
      [null, 31],
      [31, 31],
    ],
  );
  assert.equal(project.slides.update(slide.id, { tissue: { threshold: null } }).tissue.threshold, null);
  for (const threshold of [-1, 256, 1.5, Number.NaN])
    assert.throws(() => project.slides.update(slide.id, { tissue: { threshold } }), withCode('slide/bad-value'));
});

test('several edits are stored together or not at all', (t) => {
  const { slide, project } = tempProject(t);
  const patches = [
    { id: slide.id, patch: { patient: 'P1' } },
    { id: 'nowhere', patch: { patient: 'P2' } },
  ];
  assert.throws(() => project.slides.updateMany(patches), withCode('slide/unknown'));
  assert.equal(project.slides.get(slide.id).patient, '');
});

test('a slide goes with its regions, and the trail keeps both', (t) => {
  const { slide, project } = tempProject(t);
  const other = addSlide(project, project.folder, 'two.tif');
  const created = [1, 2, 3].map((i) => ({ id: `r${i}`, classId: null, geometry: square(i, i) }));
  project.annotations.apply(slide.id, { created, updated: [], deleted: [] }, { author: 'ada', slideSize });
  assert.equal(project.slides.get(slide.id).regions, 3);
  project.slides.remove(slide.id, 'consent withdrawn');
  assert.deepEqual(
    project.slides.list().map(({ id }) => id),
    [other.id],
  );
  const { sqlite } = project.db;
  assert.equal(sqlite.prepare('SELECT count(*) FROM annotation_index').pluck().get(), 0);
  const last = project.annotations.history('r3').at(-1)!;
  assert.deepEqual([last.action, last.reason], ['delete', 'consent withdrawn']);
  assert.throws(() => project.slides.get(slide.id), withCode('slide/unknown'));
});

test('a slide is found by id or by the one name', (t) => {
  const { slide, project } = tempProject(t);
  assert.equal(project.slides.find(slide.id).id, slide.id);
  assert.equal(project.slides.find('one.tif').id, slide.id);
  const other = addSlide(project, project.folder, 'two.tif');
  project.slides.update(other.id, { name: 'one.tif' });
  assert.throws(() => project.slides.find('one.tif'), withCode('slide/ambiguous'));
  assert.throws(() => project.slides.find('nowhere'), withCode('slide/unknown'));
});

test('project and slides can move together', (t) => {
  const { folder, slide, project } = tempProject(t);
  project.close();
  const elsewhere = join(tempFolder(t), 'moved');
  renameSync(folder, elsewhere);
  const again = openProject(join(elsewhere, 'Study.eosin'));
  assert.equal(again.slides.get(slide.id).status, 'ready');
  assert.equal(again.slides.resolvePath(slide.id), join(elsewhere, 'one.tif'));
  again.close();
});

test('a slide that moved alone is missing until it is relinked to the same contents', (t) => {
  const { folder, slide, project } = tempProject(t);
  mkdirSync(join(folder, 'archive'));
  const moved = join(folder, 'archive', 'one.tif');
  renameSync(join(folder, 'one.tif'), moved);
  assert.equal(project.slides.get(slide.id).status, 'missing');
  assert.equal(project.slides.needsCheck(slide.id), false);
  assert.throws(() => project.slides.relink(slide.id, moved, slideInfo('another')), withCode('slide/other-file'));
  assert.equal(project.slides.relink(slide.id, moved, slideInfo('fingerprint of one.tif')).status, 'ready');
  assert.equal(project.slides.resolvePath(slide.id), moved);
});

test('another file in a slide’s place is `changed`; a touched one is the same slide', (t) => {
  const { folder, slide, project } = tempProject(t);
  const file = join(folder, 'one.tif');
  assert.equal(project.slides.needsCheck(slide.id), false);
  utimesSync(file, 1e9, 1e9);
  assert.equal(project.slides.needsCheck(slide.id), true);
  assert.equal(project.slides.confirmFile(slide.id, 'fingerprint of one.tif').status, 'ready');
  assert.equal(project.slides.needsCheck(slide.id), false);
  writeFileSync(file, 'something else');
  utimesSync(file, 2e9, 2e9);
  assert.equal(project.slides.needsCheck(slide.id), true);
  assert.equal(project.slides.confirmFile(slide.id, 'another').status, 'changed');
  assert.equal(project.slides.get(slide.id).status, 'changed');
  assert.equal(project.slides.needsCheck(slide.id), false);
  rmSync(file);
  assert.equal(project.slides.get(slide.id).status, 'missing');
});

test('a slide without a patient has a key of its own', () => {
  assert.equal(patientKey({ id: 'a', patient: '' }), 'slide:a');
  assert.equal(patientKey({ id: 'a', patient: 'P1' }), 'P1');
});
