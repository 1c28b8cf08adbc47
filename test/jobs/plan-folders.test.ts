import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type PatchFolders, planFolders, planPictures } from '../../app/jobs/plan-folders.ts';
import { checkRecipe } from '../../app/training/recipe-book.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const recipe = checkRecipe({
  name: 'small',
  backbone: 'mobilenet-v2',
  input: { sizePx: 64, mpp: 0.25 },
  phases: [{ name: 'head', unfreeze: 0, epochs: 1, learningRate: 1e-3 }],
  augment: {},
});

/** Files below a folder; a plan looks at names only, so their contents do not matter. */
function makeFiles(folder: string, files: readonly string[]): void {
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
}

function foldersIn(folder: string, change: Partial<PatchFolders> = {}): PatchFolders {
  const folders = {
    train: join(folder, 'train'),
    validation: join(folder, 'val'),
    test: null,
    groups: null,
    mpp: null,
  };
  return { ...folders, ...change };
}

const usual = [
  'train/gland/1.png',
  'train/gland/2.JPG',
  'train/stroma/3.jpeg',
  'train/stroma/4.png',
  'val/gland/5.png',
  'val/stroma/6.png',
];

test('classes are the folders in order of their names, pictures are the files a picture has', async (t) => {
  const folder = tempFolder(t);
  makeFiles(folder, [
    ...usual,
    'train/gland/notes.txt',
    'train/.hidden/7.png',
    'train/readme.png',
    'test/stroma/8.png',
  ]);
  const plan = await planFolders(foldersIn(folder, { test: join(folder, 'test'), mpp: 0.5 }), recipe);
  assert.deepEqual(
    plan.classes.map(({ name }) => name),
    ['gland', 'stroma'],
  );
  assert.deepEqual(
    plan.summary.classes.map(({ train, validation, test: own }) => [train, validation, own]),
    [
      [2, 1, 0],
      [2, 1, 1],
    ],
  );
  assert.equal(plan.mpp, 0.5);
  assert.equal(plan.recipe.input.mpp, 0.5, 'the mpp of the pictures, not of the recipe');
  assert.equal(plan.contextPx, 0, 'loose pictures have no margin');
  assert.ok(plan.pixels.kind === 'pictures');
  for (const { path, index } of plan.pixels.pictures)
    assert.match(path, new RegExp(`/${plan.classes[plan.patches[index]!.classIndex]!.name}/`));
  assert.equal(plan.patientsKnown, false);
  assert.match(plan.summary.warnings[0]!, /patients of these pictures are unknown/);
});

test('a groups file names patients; the longest end of a path that fits counts', async (t) => {
  const folder = tempFolder(t);
  // Two classes number their pictures alike.
  makeFiles(folder, ['train/gland/1.png', 'train/stroma/1.png', 'val/gland/2.png', 'val/stroma/2.png']);
  const groups = join(folder, 'groups.csv');
  writeFileSync(
    groups,
    'file,patient\ntrain/gland/1.png,anna\nstroma/1.png,bert\n./val/gland/2.png,carl\nval\\stroma\\2.png,dora\n',
  );
  const plan = await planFolders(foldersIn(folder, { groups }), recipe);
  assert.ok(plan.pixels.kind === 'pictures');
  const patientOf = Object.fromEntries(
    plan.pixels.pictures.map(({ path, index }) => [path.slice(folder.length + 1), plan.patches[index]!.patient]),
  );
  assert.deepEqual(patientOf, {
    'train/gland/1.png': 'anna',
    'train/stroma/1.png': 'bert',
    'val/gland/2.png': 'carl',
    'val/stroma/2.png': 'dora',
  });
  assert.equal(plan.patientsKnown, true);
  assert.deepEqual(plan.summary.warnings, []);
});

test('a groups file that leaves something open is refused', async (t) => {
  const folder = tempFolder(t);
  makeFiles(folder, [...usual, 'val/stroma/5.png']);
  const groups = join(folder, 'groups.csv');
  const lines = ['1.png,a', '2.JPG,a', '3.jpeg,b', '4.png,b', 'gland/5.png,c', 'stroma/5.png,c', '6.png,c'];
  const plan = (text: string) => {
    writeFileSync(groups, text);
    return planFolders(foldersIn(folder, { groups }), recipe);
  };
  const csv = (rows: readonly string[]): string => `file,group\n${rows.join('\n')}\n`;
  assert.equal((await plan(csv(lines))).summary.patients.train, 2);
  await assert.rejects(plan(csv(lines.slice(1))), { code: 'plan/groups-missing', message: /1\.png/ });
  await assert.rejects(plan(csv([...lines, '1.png,z'])), { code: 'plan/groups-ambiguous' });
  const vague = lines.filter((line) => !line.includes('/5.png'));
  await assert.rejects(plan(csv([...vague, '5.png,c'])), { code: 'plan/groups-ambiguous', message: /5\.png/ });
  await assert.rejects(plan('picture,who\n1.png,a\n'), { code: 'plan/groups-columns' });
  await assert.rejects(planFolders(foldersIn(folder, { groups: join(folder, 'none.csv') }), recipe), {
    code: 'file/missing',
  });
});

test('a patient whose pictures stand in two parts is a leak', async (t) => {
  const folder = tempFolder(t);
  makeFiles(folder, usual);
  const groups = join(folder, 'groups.csv');
  writeFileSync(groups, 'file,patient\n1.png,a\n2.JPG,a\n3.jpeg,b\n4.png,b\n5.png,a\n6.png,c\n');
  await assert.rejects(planFolders(foldersIn(folder, { groups }), recipe), {
    code: 'split/leak',
    message: /Patient a/,
  });
});

test('one class, a class that never trains or is never checked, and empty folders are refused', async (t) => {
  const planOf = async (files: readonly string[]) => {
    const folder = tempFolder(t);
    makeFiles(folder, files);
    return planFolders(foldersIn(folder), recipe);
  };
  await assert.rejects(planOf(['train/gland/1.png', 'val/gland/2.png']), { code: 'plan/one-class', message: /gland/ });
  await assert.rejects(planOf([...usual, 'val/fat/7.png']), { code: 'plan/class-not-trained', message: /fat/ });
  await assert.rejects(planOf([...usual, 'train/fat/7.png']), { code: 'plan/no-validation', message: /fat/ });
  await assert.rejects(planOf(['train/1.png', 'val/gland/2.png']), { code: 'plan/no-pictures' });
  await assert.rejects(planOf(usual.filter((file) => file.startsWith('train'))), { code: 'plan/no-folder' });
});

test('pictures to judge a model on are all in the test part, of one class if need be', async (t) => {
  const folder = tempFolder(t);
  makeFiles(folder, ['gland/1.png', 'gland/2.png']);
  const { patches, summary } = await planPictures(folder, null, recipe);
  assert.deepEqual([...new Set(patches.map(({ part }) => part))], ['test']);
  assert.equal(summary.classes[0]!.test, 2);
});
