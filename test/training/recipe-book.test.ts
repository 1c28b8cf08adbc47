import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { EosinError } from '../../app/core/errors.ts';
import { applySettings, checkRecipe, findRecipe, parseRecipe, recipeBook } from '../../app/training/recipe-book.ts';

const folder = new URL('../../resources/recipes/', import.meta.url);
const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));
const texts = await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')));
const book = recipeBook(texts);
const quick = findRecipe(book, 'quick');

const refused = (work: () => unknown, code: string, ...words: string[]): void => {
  assert.throws(work, (error) => {
    assert.ok(error instanceof EosinError, String(error));
    assert.equal(error.code, code);
    for (const word of words) assert.match(`${error.message} ${error.remedy}`, new RegExp(word));
    return true;
  });
};

test('the shipped recipes are valid and go by the names of their files', () => {
  assert.deepEqual(
    [...book.keys()].map((name) => `${name}.json`),
    files,
  );
  const classic = ['frozen-resnet50', 'vgg16-top', 'augmented'];
  for (const name of ['quick', 'gradual-unfreezing', 'full', ...classic, ...classic.map((one) => `${one}-light`)]) {
    findRecipe(book, name);
  }
  assert.deepEqual(
    quick.phases.map(({ unfreeze }) => unfreeze),
    [0, 2],
  );
  assert.equal(findRecipe(book, 'gradual-unfreezing').ladder?.rateDecay, 0.5);
});

test('settings reach numbers, lists by place and by name, parts that are off, and whole parts', () => {
  const changed = applySettings(quick, [
    'batchSize=8',
    'phases.fine-tune.epochs=4',
    'phases.0.stop.patience=3',
    'augment=null',
    'head.dense=[64]',
  ]);
  assert.equal(changed.batchSize, 8);
  assert.equal(changed.phases[1]?.epochs, 4);
  assert.equal(changed.phases[0]?.stop?.patience, 3);
  assert.equal(changed.augment, null);
  assert.deepEqual(changed.head.dense, [64]);
  assert.equal(quick.batchSize, 32, 'the given recipe stays as it was');
});

test('another kind of schedule takes its own fields and keeps the warm-up', () => {
  const { schedule } = applySettings(quick, ['phases.1.schedule.kind=reduce-on-plateau']).phases[1]!;
  assert.partialDeepStrictEqual(schedule, { kind: 'reduce-on-plateau', warmUpSteps: 50 });
  const cycle = applySettings(quick, ['phases.1.schedule.kind=one-cycle']).phases[1]!.schedule;
  assert.deepEqual(cycle, { kind: 'one-cycle', rise: 0.3, startDivisor: 25, endDivisor: 1e4 });
});

test('augmentation changes its kind with its fields, and one stored without a kind is that of tissue', () => {
  const keras = applySettings(quick, ['augment.kind=keras', 'augment.rotation=20']).augment;
  assert.partialDeepStrictEqual(keras, { kind: 'keras', rotation: 20, zoom: 0.1, shear: 0, fill: 'nearest' });
  const stored = { ...quick, augment: { rotate: true, flip: true, zoom: 0.2 } };
  assert.partialDeepStrictEqual(checkRecipe(stored).augment, { kind: 'tissue', zoom: 0.2, stain: 0.03 });
});

test('choices that do not go together are refused with the field and the way out', () => {
  const conflict = (settings: string[], ...words: string[]): void =>
    refused(() => applySettings(quick, settings), 'recipe/conflict', ...words);
  conflict(['loss.classWeights=balanced'], 'loss.classWeights', 'set sampling to shuffle');
  conflict(['optimizer.momentum=0.9'], 'optimizer.momentum', 'belongs to sgd');
  conflict(['head.kind=keep'], 'attach', 'set attach to last');
  conflict(['head.kind=keep', 'attach=last', 'head.dense=[64]'], 'head.dense');
  applySettings(quick, ['loss.classWeights=balanced', 'sampling=shuffle']);
  applySettings(quick, ['optimizer.kind=sgd', 'optimizer.momentum=0.9', 'optimizer.nesterov=true']);
});

test('a wrong key is refused with the nearest right one', () => {
  refused(() => applySettings(quick, ['batchsize=8']), 'recipe/unknown-key', "'batchSize'");
  refused(() => applySettings(quick, ['augment.stian=0.1']), 'recipe/unknown-key', 'augment.stian', "'augment.stain'");
  refused(() => applySettings(quick, ['phases.fine.epochs=1']), 'recipe/unknown-key', "'fine-tune'");
  refused(() => applySettings(quick, ['batchSize.x=1']), 'recipe/unknown-key', 'batchSize.x');
  refused(
    () => parseRecipe('{"name":"a","backbone":"mobilenet-v2","input":{},"phazes":[]}'),
    'recipe/invalid',
    'phases',
  );
  refused(() => findRecipe(book, 'quik'), 'recipe/unknown', "'quick'");
});

test('a wrong value is refused with the name of its field', () => {
  refused(() => applySettings(quick, ['phases.fine-tune.epochs=0']), 'recipe/invalid', 'phases.1.epochs');
  refused(() => applySettings(quick, ['batchSize=many']), 'recipe/invalid', 'batchSize');
  refused(() => applySettings(quick, ['batchSize']), 'recipe/bad-setting', 'key=value');
  refused(() => parseRecipe('{'), 'recipe/not-json');
});
