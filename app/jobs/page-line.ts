/** A process's line to the page that it is lent; one page at a time. */
import { cancelled } from '../core/errors.ts';
import type { FromPageOwner, PageEnd, ToPageOwner } from './page-messages.ts';

export interface PageLine {
  /** True for a message that belonged to the line. */
  take(message: unknown): boolean;
  /**
   * Opens a page, lets `answer` answer it, and closes it when `work` is through. Resolves to what `work` does, or to how the
   * page ended before that. Throws what `work` throws, and `job/cancelled` as soon as `signal` is aborted.
   */
  lend<T>(
    answer: (frame: Uint8Array) => Promise<Uint8Array>,
    work: Promise<T>,
    signal: AbortSignal,
  ): Promise<{ readonly done: T } | { readonly gone: PageEnd }>;
}

export function createPageLine(send: (message: FromPageOwner) => void): PageLine {
  let answerer: ((frame: Uint8Array) => Promise<Uint8Array>) | null = null;
  let ended: (how: PageEnd) => void = () => undefined;
  return {
    take(raw) {
      const message = raw as ToPageOwner;
      if (message.type === 'page-gone') ended(message.how);
      else if (message.type === 'page-call') {
        const { id, frame } = message;
        void answerer?.(frame).then((answered) => send({ type: 'page-answer', id, frame: answered }));
      } else return false;
      return true;
    },
    async lend(answer, work, signal) {
      if (signal.aborted) throw cancelled();
      const stop = Promise.withResolvers<never>();
      const abort = (): void => stop.reject(cancelled());
      signal.addEventListener('abort', abort, { once: true });
      const gone = new Promise<{ gone: PageEnd }>((resolve) => {
        ended = (how) => resolve({ gone: how });
      });
      answerer = answer;
      send({ type: 'page-open' });
      try {
        return await Promise.race([work.then((done) => ({ done })), gone, stop.promise]);
      } finally {
        signal.removeEventListener('abort', abort);
        answerer = null;
        send({ type: 'page-close' });
      }
    },
  };
}
