import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Activations, Draw } from '../../app/training/activation-cache.ts';
import { feedRows } from '../../app/training/row-feed.ts';

const batches: Draw[][] = Array.from({ length: 6 }, (_, b) => [
  { patch: b, view: 0 },
  { patch: 9 - b, view: 1 },
]);

/** Rows of two values, patch and view; what is being read stays so until `release`. */
function slowRows(failing = -1): Activations & { readonly asked: number[]; reading: number; release: () => void } {
  let open: (() => void)[] = [];
  const rows = {
    patches: [],
    views: 2,
    shape: [1, 1, 2] as const,
    bytes: 0,
    asked: [] as number[],
    reading: 0,
    release() {
      for (const go of open) go();
      open = [];
    },
    async read(patch: number, view: number, into: Float32Array) {
      rows.asked.push(patch);
      rows.reading++;
      await new Promise<void>((resolve) => open.push(resolve));
      rows.reading--;
      if (patch === failing) throw new Error(`patch ${patch} cannot be read`);
      into.set([patch, view]);
    },
    renew: async () => {},
    close: async () => {},
  };
  return rows;
}

test('rows come in order, and two batches are read before they are asked for, not more', async () => {
  const rows = slowRows();
  const feed = feedRows(rows, batches);
  for (const [b, batch] of batches.entries()) {
    const next = feed.next();
    const ahead = batches.slice(0, b + 3).flat();
    assert.deepEqual(
      rows.asked,
      ahead.map(({ patch }) => patch),
    );
    rows.release();
    assert.deepEqual(
      [...(await next)],
      batch.flatMap(({ patch, view }) => [patch, view]),
    );
  }
  assert.ok(feed.waitedMs > 0);
  await feed.close();
});

test('a read that fails is told at its own batch, and disturbs nobody when it is never asked for', async () => {
  const rows = slowRows(1);
  const feed = feedRows(rows, batches);
  const first = feed.next();
  rows.release();
  await first;
  const second = feed.next();
  rows.release();
  await assert.rejects(second, /patch 1 cannot be read/);
  await feed.close();

  const unasked = slowRows(1);
  const short = feedRows(unasked, batches);
  const only = short.next();
  unasked.release();
  await only;
  await short.close();
});

test('closing waits for the reads under way and starts none; batches without an end are no matter', async () => {
  function* endless(): Generator<Draw[]> {
    for (;;) yield* batches;
  }
  const rows = slowRows();
  const feed = feedRows(rows, endless());
  const first = feed.next();
  assert.equal(rows.reading, 6);
  const closed = feed.close();
  rows.release();
  await closed;
  await first;
  assert.equal(rows.reading, 0);
  assert.equal(rows.asked.length, 6);
});
