import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAhead } from '../../app/core/run-ahead.ts';

test('results come in order, some begun before they are asked for; behind the last there are none', async () => {
  const begun: number[] = [];
  const ahead = runAhead(
    [1, 2, 3, 4],
    async (task) => {
      begun.push(task);
      if (task === 3) throw new Error('three');
      return task * 10;
    },
    1,
  );
  assert.equal(await ahead.next(), 10);
  assert.deepEqual(begun, [1, 2]);
  assert.equal(await ahead.next(), 20);
  await assert.rejects(ahead.next(), /three/);
  assert.equal(await ahead.next(), 40);
  await assert.rejects(ahead.next(), RangeError);
  await ahead.close();
});
