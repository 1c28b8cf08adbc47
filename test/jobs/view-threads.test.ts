import assert from 'node:assert/strict';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Augment } from '../../app/core/recipe-augment.ts';
import { openPatchSource } from '../../app/jobs/node-ports.ts';
import { withViewThreads } from '../../app/jobs/view-threads.ts';
import { makeViews, makeViewsHere } from '../../app/training/augment/make-views.ts';
import { checkRecipe } from '../../app/training/recipe-book.ts';
import { texturePatches } from '../training/fixtures/texture-patches.ts';

const folder = await mkdtemp(path.join(os.tmpdir(), 'eosin-views-'));
after(() => rm(folder, { recursive: true, force: true }));

const { source } = texturePatches({ sizePx: 48, contextPx: 16, each: 2, parts: ['train', 'train'] });
const { count, sizePx, contextPx } = source;
const bytes = (sizePx + 2 * contextPx) ** 2 * 3;
const store = { file: path.join(folder, 'patches.u8'), count, sizePx, contextPx };
const packed = new Uint8Array(count * bytes);
for (let i = 0; i < count; i++) await source.read(i, packed.subarray(i * bytes, (i + 1) * bytes));
await writeFile(store.file, packed);

function augmentOf(augment: object): Augment {
  const phases = [{ name: 'head', unfreeze: 0, epochs: 1, learningRate: 1e-3 }];
  return checkRecipe({ name: 'views', backbone: 'mobilenet-v2', input: { sizePx }, phases, augment }).augment!;
}
const kinds = [augmentOf({}), augmentOf({ kind: 'keras', rotation: 20, zoom: 0.2, shear: 0.2 })];

test('views made on threads are those made here, bit for bit, whatever the order in which they are asked for', async () => {
  const threaded = withViewThreads(await openPatchSource(store), store, 4);
  try {
    const requests = kinds.flatMap((augment) =>
      Array.from({ length: 10 }, (_, r) => ({
        augment,
        seed: 3,
        views: Array.from({ length: 1 + (r % 3) }, (_, v) => ({ patch: (r + v) % count, view: r + v })),
      })),
    );
    const together = await Promise.all(requests.map((request) => makeViews(threaded, request)));
    for (const [r, request] of requests.entries()) assert.deepEqual(together[r], await makeViewsHere(source, request));
  } finally {
    await threaded.close();
  }
});

test('a store that ends too early is told with its code; after the end there are no views', async () => {
  const short = { ...store, file: path.join(folder, 'short.u8') };
  await writeFile(short.file, packed);
  await truncate(short.file, bytes + 10);
  const threaded = withViewThreads(await openPatchSource(short), short, 1);
  const request = (patch: number) => ({ augment: kinds[0]!, seed: 3, views: [{ patch, view: 1 }] });
  const first = makeViews(threaded, request(0));
  await assert.rejects(makeViews(threaded, request(1)), { code: 'train/store-short' });
  assert.deepEqual(await first, await makeViewsHere(source, request(0)));
  await threaded.close();
  await assert.rejects(makeViews(threaded, request(0)), { code: 'train/view-thread-lost' });
});

test('who waits when the threads end is told', async () => {
  const threaded = withViewThreads(await openPatchSource(store), store, 1);
  const request = { augment: kinds[0]!, seed: 3, views: [{ patch: 0, view: 1 }] };
  const waiting = makeViews(threaded, request);
  const rejected = assert.rejects(waiting, { code: 'train/view-thread-lost' });
  await threaded.close();
  await rejected;
});
