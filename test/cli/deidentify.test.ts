import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { makeNamedDicom, makeNamedSlides } from '../fixtures/named-slides.ts';
import { sparseSlide } from '../fixtures/sparse-slide.ts';
import { assertRefused, assertRefusedJson, type Bench, documentOf, openBench } from './fixtures/run-eosin.ts';

let bench: Bench;
before(async () => {
  bench = openBench();
  const { bytes, names } = (await makeNamedSlides())['aperio.svs']!;
  writeFileSync(bench.file('a.svs'), bytes);
  writeFileSync(bench.file('names.txt'), names.join('\n'));
});
after(() => bench.close());

const names = (): string[] => readFileSync(bench.file('names.txt'), 'utf8').split('\n');
const inFolder = (): string[] => readdirSync(bench.folder).filter((name) => /clean|tmp/.test(name));

test('says what was left out by name, what was searched, and prints no value', async () => {
  const outcome = await bench.eosin('deidentify', 'a.svs', '--out=clean.svs');
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.match(outcome.stdout, /Left out: .*label.*macro.*Aperio Filename.*Artist/);
  assert.match(outcome.stdout, /Searched [\d,]+ bytes for \d+ values taken out: 0 found\./);
  for (const name of names()) assert.ok(!`${outcome.stdout}${outcome.stderr}`.includes(name), name);
  assert.doesNotMatch(outcome.stderr, /Warning/);
  const shown = documentOf(await bench.eosin('info', 'clean.svs', '--json'));
  assert.deepEqual([shown.format, shown.objective, shown.associated], ['svs', 20, []]);
  assertRefusedJson(await bench.eosin('deidentify', 'a.svs', '--out=clean.svs', '--json'), 65, 'deidentify/exists');
  assertRefused(await bench.eosin('deidentify', 'a.svs', '--out=a.svs'), 65, 'deidentify/exists');
  assertRefused(await bench.eosin('deidentify', 'a.svs'), 64, 'cli/usage');
  assertRefused(await bench.eosin('deidentify', 'none.svs', '--out=clean-2.svs'), 65, 'slide/missing');
  assert.deepEqual(inFolder(), ['clean.svs']);
});

test('--json gives names, counts and the hits, for a DICOM folder as well', async () => {
  mkdirSync(bench.file('dicom'));
  const { files } = await makeNamedDicom();
  for (const [name, bytes] of Object.entries(files)) writeFileSync(bench.file(`dicom/${name}`), bytes);
  const report = documentOf(await bench.eosin('deidentify', 'dicom', '--out=clean-dicom', '--json'));
  assert.deepEqual(Object.keys(report).sort(), [
    ...['bytes', 'file', 'files', 'format', 'inName', 'isFolder', 'pictures', 'removed', 'searched'],
  ]);
  assert.deepEqual(report.pictures, ['label']);
  assert.ok((report.removed as string[]).includes('PatientName'));
  assert.equal((report.searched as { found: number }).found, 0);
  assert.equal(readdirSync(bench.file('clean-dicom')).length, 3);
});

test('a name of the copy that gives one away is warned of', async () => {
  const outcome = await bench.eosin(
    'deidentify',
    'a.svs',
    `--out=clean-${names().find((name) => /User/.test(name))}.svs`,
  );
  assert.equal(outcome.code, 0);
  assert.match(outcome.stderr, /Warning: the name .* itself holds what was taken out \(Aperio User\)/);
});

test('Ctrl-C in the middle of gigabytes leaves nothing behind', async () => {
  sparseSlide(bench.file('large.tif'), 8e9);
  const before = inFolder();
  const { child, ended } = bench.start(['deidentify', 'large.tif', '--out=clean-large.tif']);
  await new Promise<void>((resolve) => {
    child.stderr!.on('data', (text: string) => text.includes('copying') && resolve());
    child.once('exit', () => resolve());
  });
  process.kill(-child.pid!, 'SIGINT');
  assertRefused(await ended, 130, 'job/cancelled');
  assert.deepEqual(inFolder(), before);
});
