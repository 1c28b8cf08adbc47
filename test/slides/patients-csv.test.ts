import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportSlidesCsv, importSlidesCsv } from '../../app/slides/patients-csv.ts';
import { addSlide, tempProject, withCode } from '../db/temp-project.ts';

test('the table goes out and comes back without changing anything', (t) => {
  const { project, slide } = tempProject(t);
  addSlide(project, project.folder, 'two.tif', { mpp: null });
  project.slides.update(slide.id, { patient: '=1+1, "Smith"', stain: 'H&E', scanner: 'AT2' });
  const csv = exportSlidesCsv(project.slides);
  assert.equal(csv, 'slide,patient,stain,scanner,mpp\r\none.tif,"\'=1+1, ""Smith""",H&E,AT2,0.501\r\ntwo.tif,,,,\r\n');
  const before = project.slides.list();
  assert.deepEqual(importSlidesCsv(project.slides, csv), { changed: 0, refused: [] });
  // 0.501 is the mean of the file's 0.5 and 0.502: it was not taken as set by hand.
  assert.deepEqual(project.slides.list(), before);
  project.slides.update(slide.id, { patient: '' });
  assert.deepEqual(importSlidesCsv(project.slides, csv), { changed: 1, refused: [] });
  assert.deepEqual(project.slides.list(), before);
});

test('columns in any order and number, slides by name or id, mpp by hand', (t) => {
  const { project, slide } = tempProject(t);
  const two = addSlide(project, project.folder, 'two.tif', { mpp: null });
  project.slides.update(slide.id, { stain: 'H&E' });
  const report = importSlidesCsv(project.slides, `mpp;note;Patient;slide\n0,25;x;P2;${two.id}\n;;P1;one.tif\n`);
  assert.deepEqual(report, { changed: 2, refused: [] });
  assert.deepEqual(
    project.slides.list().map(({ patient, stain, mpp, mppSource }) => [patient, stain, mpp, mppSource]),
    [
      ['P1', 'H&E', { x: 0.5, y: 0.502 }, 'file'],
      ['P2', '', { x: 0.25, y: 0.25 }, 'hand'],
    ],
  );
});

test('rows that cannot be taken are said, the others are stored', (t) => {
  const { project, slide } = tempProject(t);
  const { refused, changed } = importSlidesCsv(
    project.slides,
    'slide,patient,mpp\nnowhere.tif,P1,\none.tif,P2,wide\none.tif,P3,0.5\none.tif,P4,0.5\n',
  );
  assert.equal(changed, 1);
  assert.equal(project.slides.get(slide.id).patient, 'P3');
  assert.deepEqual(refused, [
    'Row 2: The project has no such slide.',
    'Row 3: wide is not a pixel size between 0.01 and 100 µm.',
    'Row 5: one.tif has two rows.',
  ]);
});

test('slides of one name stand there by id', (t) => {
  const { project, slide } = tempProject(t);
  const two = addSlide(project, project.folder, 'two.tif');
  project.slides.update(two.id, { name: 'one.tif' });
  const csv = exportSlidesCsv(project.slides);
  assert.ok(csv.includes(slide.id) && csv.includes(two.id));
  const { refused } = importSlidesCsv(project.slides, 'slide,patient\none.tif,P1\n');
  assert.deepEqual(refused, ['Row 2: 2 slides are named one.tif.']);
});

test('another table is refused as a whole', (t) => {
  const { project } = tempProject(t);
  for (const csv of ['', 'a,b\n1,2', 'slide\none.tif', 'patient\nP1']) {
    assert.throws(() => importSlidesCsv(project.slides, csv), withCode('csv/columns'), csv);
  }
});
