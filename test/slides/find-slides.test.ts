import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findSlides } from '../../app/slides/find-slides.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const never = new AbortController().signal;

test('folders are searched once, through links and in the order of their names', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'in', '.hidden'), { recursive: true });
  for (const name of ['slide 10.svs', 'slide 9.svs', '.secret.svs', 'in/deep.TIF', 'in/.hidden/x.svs', 'in/a.jpg'])
    writeFileSync(join(folder, name), 'x');
  symlinkSync(folder, join(folder, 'in', 'round'));
  symlinkSync(join(folder, 'slide 9.svs'), join(folder, 'in', 'link.svs'));
  symlinkSync(join(folder, 'nowhere'), join(folder, 'in', 'dead.svs'));
  const seen: number[] = [];
  const { candidates, pictures, unreadable } = await findSlides([folder], { onFound: (n) => seen.push(n) }, never);
  const base = folder.split(/[\\/]/).at(-1)!;
  assert.deepEqual(
    candidates.map(({ name, bytes }) => [name, bytes]),
    ['slide 9.svs', 'slide 10.svs', join('in', 'deep.TIF'), join('in', 'link.svs')].map((name) => [
      join(base, name),
      1,
    ]),
  );
  assert.deepEqual([pictures, unreadable, seen], [1, [], [1, 2, 3, 4]]);
  const all = await findSlides([folder], { pictures: true, names: new Set(['nothing']) }, never);
  assert.equal(all.candidates.length, 5);
});

test('a folder of DICOM is one candidate, also without endings; a chosen file is one whatever it is called', async (t) => {
  const folder = tempFolder(t);
  const dicom = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(20)]);
  for (const name of ['archive', 'endings']) mkdirSync(join(folder, name));
  for (const name of ['archive/IM0001', 'archive/IM0002', 'endings/1.dcm', 'endings/2.DCM', 'endings/other.svs'])
    writeFileSync(join(folder, name), dicom);
  writeFileSync(join(folder, 'LICENSE'), 'words');
  const { candidates } = await findSlides([folder], {}, never);
  assert.deepEqual(
    candidates.map(({ kind, path }) => [kind, path.slice(folder.length + 1)]),
    [
      ['dicom-folder', 'archive'],
      ['dicom-folder', 'endings'],
      ['file', join('endings', 'other.svs')],
    ],
  );
  const chosen = [join(folder, 'LICENSE'), join(folder, 'not there.svs')];
  assert.equal((await findSlides(chosen, {}, never)).candidates.length, 2);
  await assert.rejects(findSlides([folder], {}, AbortSignal.abort()), { name: 'AbortError' });
});
