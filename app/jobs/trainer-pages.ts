/**
 * Pages of windows that train on the GPU, lent to the processes of jobs.
 *
 *     window -- offers itself, reads lines --> { open job }  { close job } ...
 *     page   -- calls of its job ----------> the process that has it
 *
 * A job's name is 128 random bits that only its own page is told, so that no page reaches another one's files.
 */
import { randomBytes } from 'node:crypto';
import { EosinError } from '../core/errors.ts';
import type { PageEnd } from './page-messages.ts';

/** What a window is told, a line each. */
export type PageOrder = { readonly type: 'open' | 'close'; readonly job: string };

export interface PageOwner {
  /** A call of the page, and its answer. */
  call(frame: Uint8Array): Promise<Uint8Array>;
  /** At most once, and not after `close`. */
  gone(how: PageEnd): void;
}

export interface LentPage {
  close(): void;
}

export interface TrainerPages {
  /** Lends a page of the window that came last; opens a hidden window where the host can. */
  open(owner: PageOwner): LentPage;
  /** A window's orders until `left` is aborted; `ticket` is that of a window that was opened for one page. */
  offer(ticket: string | null, left: AbortSignal): AsyncGenerator<PageOrder>;
  /** @throws EosinError `page/unknown` where the job has ended. */
  call(job: string, frame: Uint8Array): Promise<Uint8Array>;
}

/** How a host opens a hidden window: it comes back through `offer` with the ticket, or is `gone`. */
export type OpenTrainerWindow = (ticket: string, gone: () => void) => { close(): void };

interface Offer {
  readonly orders: PageOrder[];
  wake: PromiseWithResolvers<void>;
}

interface Job {
  readonly owner: PageOwner;
  offer: Offer | null;
  /** Closes the hidden window that was opened for it. */
  readonly closeWindow: () => void;
}

/** A hidden window that has not come by then does not come. */
const openDeadlineMs = 20_000;

export function createTrainerPages(openWindow: OpenTrainerWindow | null): TrainerPages {
  const jobs = new Map<string, Job>();
  /** The one that came last is at the end. */
  const offers: Offer[] = [];

  const order = (offer: Offer | null, type: PageOrder['type'], job: string): void => {
    offer?.orders.push({ type, job });
    offer?.wake.resolve();
  };
  const lose = (name: string, how: PageEnd): void => {
    const job = jobs.get(name);
    if (!jobs.delete(name)) return;
    job!.closeWindow();
    job!.owner.gone(how);
  };

  return {
    open(owner) {
      const name = randomBytes(16).toString('base64url');
      const offer = openWindow ? null : (offers.at(-1) ?? null);
      let closeWindow = (): void => undefined;
      jobs.set(name, { owner, offer, closeWindow: () => closeWindow() });
      if (openWindow) {
        const window = openWindow(name, () => lose(name, 'crashed'));
        const timer = setTimeout(() => jobs.get(name)?.offer ?? lose(name, 'none'), openDeadlineMs);
        closeWindow = () => {
          clearTimeout(timer);
          window.close();
        };
      } else if (offer) order(offer, 'open', name);
      // Told after `open` has given the page back.
      else queueMicrotask(() => lose(name, 'none'));
      return {
        close() {
          const job = jobs.get(name);
          if (!jobs.delete(name)) return;
          order(job!.offer, 'close', name);
          job!.closeWindow();
        },
      };
    },
    async *offer(ticket, left) {
      const offer: Offer = { orders: [], wake: Promise.withResolvers() };
      left.addEventListener('abort', () => offer.wake.resolve(), { once: true });
      const opened = ticket === null ? undefined : jobs.get(ticket);
      if (opened) {
        opened.offer = offer;
        order(offer, 'open', ticket!);
      } else if (!openWindow) offers.push(offer);
      try {
        while (!left.aborted) {
          yield* offer.orders.splice(0);
          await offer.wake.promise;
          offer.wake = Promise.withResolvers();
        }
      } finally {
        const at = offers.indexOf(offer);
        if (at >= 0) offers.splice(at, 1);
        for (const [name, job] of jobs) if (job.offer === offer) lose(name, 'closed');
      }
    },
    async call(name, frame) {
      const job = jobs.get(name);
      if (job) return await job.owner.call(frame);
      throw new EosinError('page/unknown', 'missing', 'This training has ended.', {
        remedy: 'Start it again, or go on with it, on the Train tab.',
      });
    },
  };
}
