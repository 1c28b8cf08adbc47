/** Pages lent to real processes; the windows are streams of orders that the test reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { StartProcess, WorkerProcess } from '../../app/core/worker-process.ts';
import { lendPages } from '../../app/jobs/lend-pages.ts';
import { createTrainerPages, type OpenTrainerWindow, type TrainerPages } from '../../app/jobs/trainer-pages.ts';
import { forkWorker } from '../../main/start-process.ts';

const borrower = fileURLToPath(new URL('./fixtures/page-borrower.ts', import.meta.url));

/** A process that has asked for a page; `told` is how that ended. */
function borrow(pages: TrainerPages): { worker: WorkerProcess; told: Promise<unknown> } {
  const start: StartProcess = lendPages(() => forkWorker(borrower), pages);
  const worker = start('job');
  const told = new Promise<unknown>((resolve) => worker.onMessage(resolve));
  worker.send('begin');
  return { worker, told: told.finally(() => worker.kill()) };
}

/** A window that offers itself. */
function windowOf(pages: TrainerPages, ticket: string | null = null) {
  const left = new AbortController();
  const orders = pages.offer(ticket, left.signal);
  return { next: async () => (await orders.next()).value!, leave: () => left.abort() };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a page of the window that came last speaks to its job, and is closed with it', async () => {
  const pages = createTrainerPages(null);
  const [first, last] = [windowOf(pages), windowOf(pages)];
  const none = first.next();
  const order = last.next();
  const { told } = borrow(pages);
  const { type, job } = await order;
  assert.equal(type, 'open');
  assert.match(job, /^[\w-]{22}$/);
  assert.equal(Buffer.from(await pages.call(job, bytes('abc'))).toString(), 'cba');
  await assert.rejects(pages.call(`${job}x`, bytes('abc')), { code: 'page/unknown' });
  await pages.call(job, bytes('finish'));
  assert.deepEqual(await told, { done: 'finish' });
  assert.deepEqual(await last.next(), { type: 'close', job });
  await assert.rejects(pages.call(job, bytes('abc')), { code: 'page/unknown' });
  first.leave();
  assert.equal(await none, undefined);
});

test('without a window the process hears so, and a window that leaves takes its pages with it', async () => {
  const pages = createTrainerPages(null);
  assert.deepEqual(await borrow(pages).told, { gone: 'none' });
  const window = windowOf(pages);
  const order = window.next();
  const { told } = borrow(pages);
  await order;
  const after = window.next();
  window.leave();
  assert.deepEqual(await told, { gone: 'closed' });
  assert.equal(await after, undefined);
  assert.deepEqual(await borrow(pages).told, { gone: 'none' });
});

test('a cancel closes the page at once, and so does the end of the process', async () => {
  const pages = createTrainerPages(null);
  const window = windowOf(pages);
  let order = window.next();
  const cancelled = borrow(pages);
  const { job } = await order;
  cancelled.worker.send('cancel');
  assert.deepEqual(await cancelled.told, { thrown: 'job/cancelled' });
  assert.deepEqual(await window.next(), { type: 'close', job });
  order = window.next();
  const killed = borrow(pages);
  const second = await order;
  killed.worker.kill();
  assert.deepEqual(await window.next(), { type: 'close', job: second.job });
  window.leave();
});

test('a hidden window is opened for each page, comes back by its ticket, and its crash is told', async () => {
  const opened: { ticket: string; gone: () => void; closed: boolean }[] = [];
  const openWindow: OpenTrainerWindow = (ticket, gone) => {
    const window = { ticket, gone, closed: false };
    opened.push(window);
    return {
      close() {
        window.closed = true;
      },
    };
  };
  const pages = createTrainerPages(openWindow);
  // The user's own window is not asked, whatever it offers.
  const own = windowOf(pages);
  const stranger = windowOf(pages, 'guessed');
  const quiet = [own.next(), stranger.next()];
  const first = borrow(pages);
  while (opened.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  const hidden = windowOf(pages, opened[0]!.ticket);
  assert.deepEqual(await hidden.next(), { type: 'open', job: opened[0]!.ticket });
  await pages.call(opened[0]!.ticket, bytes('finish'));
  assert.deepEqual(await first.told, { done: 'finish' });
  assert.equal(opened[0]!.closed, true);
  const second = borrow(pages);
  while (opened.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  opened[1]!.gone();
  assert.deepEqual(await second.told, { gone: 'crashed' });
  assert.equal(opened[1]!.closed, true);
  own.leave();
  stranger.leave();
  assert.deepEqual(await Promise.all(quiet), [undefined, undefined]);
});
