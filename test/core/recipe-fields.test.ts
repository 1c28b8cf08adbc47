import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { recipeSchema } from '../../app/core/recipe.ts';
import {
  type JsonSchema,
  type RecipeDraft,
  recipeDifferences,
  recipeFields,
  recipeJsonSchema,
  recipePages,
  recipeProblems,
  switched,
  valueWords,
  withField,
} from '../../app/core/recipe-fields.ts';

const shipped = (name: string): RecipeDraft =>
  JSON.parse(readFileSync(new URL(`../../resources/recipes/${name}.json`, import.meta.url), 'utf8')) as RecipeDraft;
const field = (draft: RecipeDraft, path: string) => {
  const found = recipeFields(draft).find((one) => one.path.join('.') === path);
  assert.ok(found, `no field ${path}`);
  return found;
};
const paths = (draft: RecipeDraft): string[] => recipeFields(draft).map(({ path }) => path.join('.'));

test('every field of the schema says what it means', () => {
  const silent: string[] = [];
  let seen = 0;
  const walk = (schema: JsonSchema, path: string): void => {
    for (const [key, one] of Object.entries(schema.properties ?? {})) {
      seen++;
      const own = `${path}${key}`;
      if (!/^.{10,}[.:]?$/.test(one.description ?? '')) silent.push(own);
      walk(one, `${own}.`);
    }
    for (const inner of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.items ? [schema.items] : [])]) {
      walk(inner, path);
    }
  };
  walk(recipeJsonSchema, '');
  assert.ok(seen > 70, `${seen} fields`);
  assert.deepEqual(silent, []);
});

test('each top-level key stands on one page of the form', () => {
  const keys = Object.keys(recipeJsonSchema.properties!).filter((key) => key !== 'name' && key !== 'description');
  assert.deepEqual([...recipePages.flatMap((page) => page.keys)].sort(), keys.sort());
});

test('a recipe becomes fields with value, unit, default and choices', () => {
  const quick = shipped('quick');
  assert.partialDeepStrictEqual(field(quick, 'batchSize'), {
    kind: 'integer',
    value: 32,
    unit: 'patches',
    fallback: 32,
  });
  assert.deepEqual(field(quick, 'optimizer.kind').choices, ['adam', 'adamw', 'sgd']);
  assert.partialDeepStrictEqual(field(quick, 'phases.0.schedule.kind'), { kind: 'choice', value: 'cosine' });
  assert.deepEqual(field(quick, 'phases.0.schedule.kind').choices.length, 6);
  assert.partialDeepStrictEqual(field(quick, 'phases.1.unfreeze'), { kind: 'word', choices: ['all'], value: 2 });
  assert.partialDeepStrictEqual(field(quick, 'head.dense'), { kind: 'integers', value: [] });
  assert.partialDeepStrictEqual(field(quick, 'input.mpp'), { kind: 'number', value: null, off: null });
  assert.equal(valueWords(field(quick, 'phases.0.epochs')), '30 epochs');
  assert.ok(paths(quick).includes('phases.1.stop.patience'));
  assert.ok(!paths(quick).includes('phases.0.stop.patience'), 'a part that is off has no fields');
  assert.ok(!paths(quick).includes('ladder.groups'));
});

test('every shipped recipe is without a problem, and so is each of its parts when it is switched on', () => {
  for (const name of ['quick', 'gradual-unfreezing', 'full', 'augmented', 'vgg16-top', 'frozen-resnet50']) {
    const draft = shipped(name);
    assert.deepEqual([...recipeProblems(draft)], [], name);
    for (const one of recipeFields(draft).filter(({ off }) => off !== 'none')) {
      for (const on of [true, false]) {
        assert.deepEqual([...recipeProblems(switched(one, draft, on))], [], `${name} ${one.path.join('.')} ${on}`);
      }
    }
  }
});

test('another kind takes its own fields', () => {
  const changed = withField(shipped('augmented'), ['phases', '0', 'schedule', 'kind'], 'cosine');
  assert.deepEqual([...recipeProblems(changed)], []);
  assert.deepEqual((changed.phases as RecipeDraft[])[0]!.schedule, { kind: 'cosine', warmUpSteps: 0 });
  const turned = withField(shipped('augmented'), ['augment', 'kind'], 'tissue');
  assert.equal(recipeSchema.parse(turned).augment?.kind, 'tissue');
});

test('what is wrong is said at its field', () => {
  const of = (path: string, value: unknown) => [...recipeProblems(withField(shipped('quick'), path.split('.'), value))];
  assert.deepEqual(of('phases.1.epochs', 0), [['phases.1.epochs', 'At least 1.']]);
  assert.deepEqual(of('head.dropout', 3), [['head.dropout', 'At most 1.']]);
  assert.deepEqual(of('batchSize', 1.5), [['batchSize', 'A whole number.']]);
  assert.deepEqual(of('phases.1.unfreeze', 'some'), [['phases.1.unfreeze', 'A whole number from 0, or all.']]);
  assert.match(of('loss.classWeights', 'balanced')[0]!.join(': '), /^loss\.classWeights: Balanced sampling and/);
});

test('two recipes differ in the fields that differ', () => {
  const quick = shipped('quick');
  assert.deepEqual(recipeDifferences([quick, { ...quick, name: 'other', batchSize: 16 }]), [
    { path: 'batchSize', values: ['32 patches', '16 patches'] },
  ]);
  const off = recipeDifferences([quick, { ...quick, augment: null }]);
  assert.deepEqual(off[0], { path: 'augment', values: ['on', 'off'] });
  assert.deepEqual(off.find(({ path }) => path === 'augment.zoom')?.values, ['0.1', null]);
});
