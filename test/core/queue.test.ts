import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createQueue } from '../../app/core/queue.ts';

test('never more than the limit at once, in order of arrival, whatever ends when and whoever comes meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 20 }),
      async (limit, ticks) => {
        const queue = createQueue(limit);
        const order: number[] = [];
        let active = 0;
        const run = (i: number): Promise<void> =>
          queue.run(async () => {
            order.push(i);
            assert.ok(++active <= limit, `${active} of ${limit}`);
            for (let tick = 0; tick < ticks[i]!; tick++) await null;
            active--;
          });
        const half = Math.ceil(ticks.length / 2);
        const first = Array.from({ length: half }, (_, i) => run(i));
        // Newcomers arrive a few microtasks apart, while places change hands.
        const second: Promise<void>[] = [];
        for (let i = half; i < ticks.length; i++) {
          for (let tick = 0; tick < ticks[i]!; tick++) await null;
          second.push(run(i));
        }
        await Promise.all([...first, ...second]);
        const lined = order.filter((i) => i < half);
        assert.deepEqual(
          lined,
          lined.toSorted((a, b) => a - b),
        );
        assert.equal(order.length, ticks.length);
      },
    ),
    { numRuns: 300 },
  );
});

test('an aborted signal takes a waiting task out of the line; a failure frees its place', async () => {
  const queue = createQueue(1);
  const step = Promise.withResolvers<void>();
  const first = queue.run(() => step.promise);
  const cancel = new AbortController();
  let ran = false;
  const second = queue.run(async () => {
    ran = true;
  }, cancel.signal);
  const third = queue.run(async () => {
    throw new Error('third');
  });
  const fourth = queue.run(async () => 'fourth');
  assert.equal(queue.waiting, 3);
  cancel.abort();
  await assert.rejects(second, { name: 'AbortError' });
  assert.equal(queue.waiting, 2);
  await assert.rejects(
    queue.run(async () => undefined, cancel.signal),
    { name: 'AbortError' },
  );
  step.resolve();
  await first;
  await assert.rejects(third, /third/);
  assert.equal(await fourth, 'fourth');
  assert.equal(ran, false);
});
