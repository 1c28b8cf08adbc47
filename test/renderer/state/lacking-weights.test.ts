import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recipeSchema } from '../../../app/core/recipe.ts';
import { createBackboneLibrary } from '../../../app/weights/backbone-library.ts';
import { lackingWeights } from '../../../renderer/state/lacking-weights.ts';

const recipe = (backbone: string, kind: 'new' | 'keep' = 'new') => {
  const phases = [{ name: 'head', unfreeze: 0, epochs: 1, learningRate: 1 }];
  return recipeSchema.parse({ name: 'r', backbone, attach: 'last', input: {}, head: { kind }, phases });
};
const backbones = createBackboneLibrary([]).list();

test('a recipe is held against the weights of this computer', () => {
  assert.equal(lackingWeights(recipe('mobilenet-v2'), backbones), null);
  const resnet = lackingWeights(recipe('resnet50'), backbones)!;
  assert.equal(resnet.why, 'The weights of ResNet50 are not on this computer.');
  assert.match(resnet.wanted!, /notop\.h5, MD5 4d473c1d/);
  assert.match(lackingWeights(recipe('efficientnet-lite0'), backbones)!.wanted!, /models fetch efficientnet-lite0/);
  assert.match(lackingWeights(recipe('vgg16@lab'), backbones)!.why, /no weights called vgg16@lab/);
});

test('a recipe that keeps the head needs the dense layers, too', () => {
  const here = backbones.map((one) => (one.name === 'vgg16' ? { ...one, atHand: true } : one));
  assert.equal(lackingWeights(recipe('vgg16'), here), null);
  assert.match(lackingWeights(recipe('vgg16', 'keep'), here)!.why, /without its own dense layers/);
});
