import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { classLetters, freeLetter } from '../../app/core/class-letter.ts';

test('a class gets the first letter of its name, or the next that is free', () => {
  assert.deepEqual(classLetters(['Gland', 'Stroma', 'Glass', 'gl', '3+', '§']), ['G', 'S', 'L', 'A', '3', 'B']);
  assert.equal(freeLetter('Überzug', new Set()), 'Ü');
});

test('letters of the project stay, also beside classes that it does not have', () => {
  const ofProject = [
    { name: 'Gland', letter: 'D' },
    { name: 'Glass', letter: 'G' },
  ];
  assert.deepEqual(classLetters(['Dirt', 'Gland'], ofProject), ['I', 'D']);
  assert.deepEqual(classLetters(['Gland', 'Glass'], ofProject), ['D', 'G']);
});

test('no two of up to 26 classes share a letter', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 26 }), (names) => {
      const letters = classLetters(names);
      assert.equal(new Set(letters).size, names.length);
      assert.ok(!letters.includes(''));
    }),
  );
});
