/** The lock after wrong tokens, with a clock of its own. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuard } from '../../main/guard.ts';

function attempt(guard: ReturnType<typeof createGuard>, token: string): number | null {
  const rawHeaders = ['Host', '127.0.0.1:4000', 'Authorization', `Bearer ${token}`];
  return guard.refuse({ method: 'GET', target: '/api/info', rawHeaders }, 4000)?.status ?? null;
}

test('ten wrong tokens within a minute lock for a minute', () => {
  let time = 0;
  const guard = createGuard(() => time);
  for (let i = 0; i < 9; i++) assert.equal(attempt(guard, 'wrong'), 401);
  assert.equal(attempt(guard, 'wrong'), 429);
  time = 59_999;
  assert.equal(attempt(guard, 'wrong'), 429);
  assert.equal(attempt(guard, guard.token), null);
  time = 60_001;
  assert.equal(attempt(guard, 'wrong'), 401);
});

test('wrong tokens far apart never lock', () => {
  let time = 0;
  const guard = createGuard(() => time);
  for (let i = 0; i < 40; i++) {
    time += 7_000;
    assert.equal(attempt(guard, 'wrong'), 401);
  }
});
