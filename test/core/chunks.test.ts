import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunks } from '../../app/core/chunks.ts';

test('pieces keep the order, and the last is what is left', () => {
  assert.deepEqual([...chunks([1, 2, 3, 4, 5], 2)], [[1, 2], [3, 4], [5]]);
  assert.deepEqual([...chunks([1, 2], 2)], [[1, 2]]);
  assert.deepEqual([...chunks([], 2)], []);
});
