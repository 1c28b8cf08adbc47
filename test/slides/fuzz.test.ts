import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from './fuzz.ts';

test('300 damaged slides and all bombs end in px or in an error that says what is wrong', async () => {
  const { findings, files, outcomes, growthBytes } = await fuzz({ count: 300 });
  assert.deepEqual(findings, []);
  assert.ok(growthBytes <= 50 * 2 ** 20, `a process grew by ${growthBytes} bytes`);
  // Damage that nothing notices, or that nothing survives, would test little.
  assert.ok(files >= 300 && outcomes.px! >= 30 && Object.keys(outcomes).length >= 5, JSON.stringify(outcomes));
});
