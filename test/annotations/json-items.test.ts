import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonItems } from '../../app/annotations/json-items.ts';
import { withCode } from '../db/temp-project.ts';

const items = (text: string): unknown[] => [...jsonItems(Buffer.from(text))];

test('a collection, a list and a single thing give their items', () => {
  assert.deepEqual(items('{"type":"FeatureCollection","features":[{"a":1},{"b":[2,3]}],"x":[9]}'), [
    { a: 1 },
    { b: [2, 3] },
  ]);
  assert.deepEqual(items(' [ 1 , "a,]" , {"features":[7]} ] '), [1, 'a,]', { features: [7] }]);
  assert.deepEqual(items('{"type":"Feature","geometry":{"features":[1]}}'), [
    { type: 'Feature', geometry: { features: [1] } },
  ]);
  assert.deepEqual(items('{"features" : [ ]}'), []);
  assert.deepEqual(items('[]'), []);
  assert.deepEqual(items('\ufeff[1]'), [1]);
  assert.deepEqual(items('{"note":"\\"features\\":[","features":[1]}'), [1]);
});

test('any JSON in a list or a collection comes back item by item', () => {
  const depth = { maxDepth: 4 };
  fc.assert(
    fc.property(fc.array(fc.jsonValue(depth), { maxLength: 6 }), fc.boolean(), (values, pretty) => {
      const plain = JSON.parse(JSON.stringify(values)) as unknown[];
      assert.deepEqual(items(JSON.stringify(values, null, pretty ? 2 : 0)), plain);
      assert.deepEqual(
        items(JSON.stringify({ a: 'é"', features: values, z: { features: [1] } }, null, pretty ? 2 : 0)),
        plain,
      );
    }),
    { numRuns: 500 },
  );
});

test('text that is cut off, or broken anywhere, is refused', () => {
  const whole = '{"type":"FeatureCollection","features":[{"a":"x"},{"b":[1]}],"z":1}';
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => items(whole.slice(0, length)), withCode('annotation/not-json'), whole.slice(0, length));
  }
  for (const text of [
    '[1,]',
    '[,1]',
    '[1}',
    '{"features":[1]]',
    '[1][2]',
    '{features:[1]}',
    '[{"a":1} {"b":2}]',
    'nothing',
  ]) {
    assert.throws(() => items(text), withCode('annotation/not-json'), text);
  }
});

test('nesting beyond 64 levels is refused before it is parsed', () => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  assert.equal(items(nested(64)).length, 1);
  assert.throws(() => items(nested(65)), withCode('annotation/too-deep'));
  assert.throws(() => items(nested(200_000)), withCode('annotation/too-deep'));
  assert.throws(() => items(`{"features":[{"a":${nested(70)}}]}`), withCode('annotation/too-deep'));
});
