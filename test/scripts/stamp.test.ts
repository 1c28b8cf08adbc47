/** A build step runs when its inputs changed or its output is gone, and never otherwise. */

import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import { root } from '../../scripts/root.ts';
import { runWhenStale } from '../../scripts/stamp.ts';

const folder = path.join(root, 'dist', `stamp-test-${process.pid}`);
const relative = path.relative(root, folder);
const name = path.basename(folder);
after(async () => {
  await rm(folder, { recursive: true, force: true });
  await rm(path.join(root, 'dist/stamps', name), { force: true });
});

test('a step runs when it must', async () => {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'a.in'), 'one');
  let runs = 0;
  let fails = false;
  const step = {
    name,
    inputs: [`${relative}/*.in`],
    output: `${relative}/out`,
    async run() {
      runs++;
      if (fails) throw new Error('broken');
      await writeFile(path.join(folder, 'out'), 'built');
    },
  };
  assert.equal(await runWhenStale(step), true);
  assert.equal(await runWhenStale(step), false);
  await writeFile(path.join(folder, 'a.in'), 'two');
  assert.equal(await runWhenStale(step), true);
  await writeFile(path.join(folder, 'b.in'), '');
  assert.equal(await runWhenStale(step), true);
  await rm(path.join(folder, 'b.in'));
  assert.equal(await runWhenStale(step), true);
  await rm(path.join(folder, 'out'));
  assert.equal(await runWhenStale(step), true);
  await writeFile(path.join(folder, 'a.in'), 'three');
  fails = true;
  await assert.rejects(runWhenStale(step), /broken/);
  fails = false;
  assert.equal(await runWhenStale(step), true);
  assert.equal(runs, 7);
});
