/** `project add` on folders and `project relink`: counts, reasons, exit codes. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { writeTissueSlide } from '../fixtures/tissue-slide.ts';
import { assertRefused, type Bench, documentOf, openBench } from './fixtures/run-eosin.ts';

let bench: Bench;
before(async () => {
  bench = openBench();
  mkdirSync(bench.file('slides/case 2'), { recursive: true });
  await writeTissueSlide(bench.file('slides/a.tif'), { seed: 'a' });
  await writeTissueSlide(bench.file('slides/case 2/b.tif'), { seed: 'b' });
  await bench.eosin('project', 'create', 'p.eosin');
});
after(() => bench.close());

test('a folder is added with its counts; what is refused is named, and the rest is added', async () => {
  writeFileSync(bench.file('slides/words.svs'), 'no slide');
  writeFileSync(bench.file('slides/label.png'), 'a picture');
  const first = await bench.eosin('project', 'add', 'p.eosin', 'slides', '--patient', 'P1');
  assertRefused(first, 65, 'project/slides-refused');
  assert.match(first.stdout, /^Added a\.tif\nAdded b\.tif\n3 files: 2 added, 0 there already, 1 refused\n$/);
  assert.match(first.stderr, /words\.svs: slide\/not-tiff: .+/);
  assert.match(first.stderr, /1 PNG or JPEG files in the folders were left out/);
  rmSync(bench.file('slides/words.svs'));
  const again = documentOf(await bench.eosin('project', 'add', 'p.eosin', 'slides', '--json'));
  const { duplicates, added, files } = again as { duplicates: { as: string }[]; added: unknown[]; files: number };
  assert.deepEqual([added.length, files, duplicates.map(({ as }) => as)], [0, 2, ['a.tif', 'b.tif']]);
});

test('a folder without slides is said, not passed over', async () => {
  mkdirSync(bench.file('empty'));
  assertRefused(await bench.eosin('project', 'add', 'p.eosin', 'empty'), 65, 'project/no-slides');
});

test('slides that moved are found in a folder; what is still missing decides the exit code', async () => {
  assert.match((await bench.eosin('project', 'relink', 'p.eosin', '.')).stdout, /No slide is missing/);
  mkdirSync(bench.file('elsewhere'));
  renameSync(bench.file('slides/a.tif'), bench.file('elsewhere/a.tif'));
  renameSync(bench.file('slides/case 2/b.tif'), bench.file('b away.tif'));
  const some = await bench.eosin('project', 'relink', 'p.eosin', 'elsewhere');
  assertRefused(some, 65, 'project/still-missing');
  assert.match(some.stdout, /Found a\.tif\n1 of 2 missing slides found\./);
  assert.match(some.stderr, /Not found: b\.tif/);
  const { found, missing } = documentOf(await bench.eosin('project', 'relink', 'p.eosin', '.', '--json'));
  assert.deepEqual([(found as unknown[]).length, missing], [1, []]);
});
