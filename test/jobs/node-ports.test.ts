import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileCaches } from '../../app/jobs/node-ports.ts';

const folder = await mkdtemp(path.join(os.tmpdir(), 'eosin-caches-'));
after(() => rm(folder, { recursive: true, force: true }));

for (const [kind, memoryBytes] of [
  ['that stays in memory', 1e6],
  ['larger than memory', 0],
] as const) {
  test(`a cache file ${kind} gives back each row, tells when it is too short, and goes when it is closed`, async () => {
    const store = await fileCaches(folder, 1e6, memoryBytes).create('train-block_2', 5, 3);
    const rows = Array.from({ length: 5 }, (_, r) => Float32Array.of(r, r + 0.25, -r));
    for (const r of [3, 0, 4, 1, 2]) await store.write(r, rows[r]!);
    const both = new Float32Array(6);
    await Promise.all([store.read(4, both.subarray(0, 3)), store.read(1, both.subarray(3))]);
    assert.deepEqual([...both], [...rows[4]!, ...rows[1]!]);
    const [file] = await readdir(folder);
    await truncate(path.join(folder, file!), 50);
    await assert.rejects(store.read(4, both.subarray(0, 3)), { code: 'train/store-short' });
    await store.close();
    assert.deepEqual(await readdir(folder), []);
  });
}

test('caches that would be larger than the limit together are refused, until one is closed', async () => {
  const caches = fileCaches(folder, 100);
  const first = await caches.create('a', 4, 4);
  await assert.rejects(caches.create('b', 4, 4), { code: 'train/cache-too-large' });
  await first.close();
  await (await caches.create('b', 4, 4)).close();
});
