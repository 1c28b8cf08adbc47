import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Recipe } from '../../app/core/recipe.ts';
import { parseRecipe } from '../../app/training/recipe-book.ts';
import { openTempApp, type TempApp } from './fixtures/temp-app.ts';

interface Recipes {
  readonly recipes: readonly Recipe[];
  readonly own: readonly string[];
  readonly auto: readonly string[];
}

let app: TempApp;
before(() => {
  app = openTempApp();
});
after(() => app.close());

const list = async (): Promise<Recipes> => (await app.ask<Recipes>('GET', '/api/recipes')).body;
const folder = (): string => join(app.app.services.workspace.project().folder, 'recipes');
const quick = async (): Promise<Recipe> => (await list()).recipes[0]!;

test('without a project there are the shipped recipes, and none can be kept', async () => {
  const { recipes, own, auto } = await list();
  assert.equal(recipes[0]?.name, 'quick');
  assert.notEqual(recipes[0]?.backbone, 'auto');
  assert.deepEqual([own, auto.includes('quick'), auto.includes('vgg16-top')], [[], true, false]);
  await app.refused(app.ask('PUT', '/api/recipes', { ...recipes[0], name: 'mine' }), 404, 'project/none-open');
});

test('a recipe of one’s own is a file that the command line takes, is chosen by name, replaced and removed', async () => {
  await app.createProject('Lung');
  const name = 'Lung: two/steps.v2 – 50 %';
  const mine = { ...(await quick()), name, backbone: 'auto', batchSize: 16 };
  assert.equal((await app.ask('PUT', '/api/recipes', mine)).status, 200);
  const { recipes, own, auto } = await list();
  assert.deepEqual([own, auto.includes(name)], [[name], true]);
  assert.equal(recipes.at(-1)?.batchSize, 16);
  const [file] = readdirSync(folder());
  assert.equal(parseRecipe(readFileSync(join(folder(), file!), 'utf8')).name, name);
  // Found by name: what stops the plan is that nothing is labelled.
  await app.refused(app.ask('POST', '/api/patches/plan', { recipe: name }), 422, 'plan/no-regions');
  await app.ask('PUT', '/api/recipes', { ...mine, batchSize: 8 });
  assert.deepEqual(
    (await list()).recipes.slice(-1).map(({ batchSize }) => batchSize),
    [8],
  );
  writeFileSync(join(folder(), 'broken.json'), '{');
  assert.deepEqual((await list()).own, [name]);
  assert.equal((await app.ask('DELETE', `/api/recipes/${encodeURIComponent(name)}`)).status, 200);
  assert.deepEqual((await list()).own, []);
  await app.refused(app.ask('DELETE', `/api/recipes/${encodeURIComponent(name)}`), 404, 'recipe/unknown');
});

test('names of shipped recipes and odd ones are refused; a name leads to no other folder', async () => {
  const recipe = await quick();
  assert.equal((await app.refused(app.ask('PUT', '/api/recipes', recipe), 409, 'recipe/taken')).fields.field, 'name');
  await app.refused(app.ask('PUT', '/api/recipes', { ...recipe, name: ' x' }), 400, 'recipe/name');
  await app.ask('PUT', '/api/recipes', { ...recipe, name: '../../outside' });
  assert.ok(!existsSync(join(folder(), '..', '..', 'outside.json')));
  assert.deepEqual((await list()).own, ['../../outside']);
});

test('what is wrong is refused with the path of its field, also where a recipe may be a name', async () => {
  const recipe = await quick();
  const [head, ...rest] = recipe.phases;
  const wrong = { ...recipe, name: 'mine', phases: [{ ...head, epochs: 0 }, ...rest] };
  const kept = await app.refused(app.ask('PUT', '/api/recipes', wrong), 400, 'api/invalid');
  assert.equal(kept.fields.field, 'phases.0.epochs');
  const started = await app.refused(app.ask('POST', '/api/runs', { kind: 'train', recipe: wrong }), 400, 'api/invalid');
  assert.equal(started.fields.field, 'recipe.phases.0.epochs');
  const worse = { ...recipe, phases: [{ ...head, epochs: 'many' }, ...rest] };
  const typed = await app.refused(app.ask('POST', '/api/runs', { kind: 'train', recipe: worse }), 400, 'api/invalid');
  assert.equal(typed.fields.field, 'recipe.phases.0.epochs');
});
