/** Tests of every outcome, for reporter.test.ts; not found by the test command because of its name. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

console.log('not verified: the GPU path: no GPU here');
test('passes', () => {});
describe('a suite', () => {
  test('fails', () => assert.equal(1, 2));
  test('passes inside', () => {});
  test('is skipped', { skip: 'no browser here' }, () => {});
});
test('a test with parts', async (t) => {
  await t.test('a part that passes', () => {});
  await t.test('a part that fails', () => assert.ok(false, 'the part broke'));
});
describe('a suite whose hook fails', () => {
  before(() => {
    throw new Error('the hook broke');
  });
  test('never runs', () => {});
});
