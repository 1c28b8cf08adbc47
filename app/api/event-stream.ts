/** A lazy NDJSON body: work goes on only while somebody reads, since Electron's requests carry no abort signal. */

import type { TypedResponse } from 'hono';
import { isAbort, reportOf } from '../core/errors.ts';
import type { Ended } from '../core/tell-while.ts';

/** The events, and what they threw as the last of them. */
export async function* told<T>(events: AsyncIterable<T>): AsyncGenerator<T | Ended> {
  try {
    yield* events;
  } catch (thrown) {
    yield isAbort(thrown) ? { type: 'cancelled' } : { type: 'failed', error: reportOf(thrown) };
  }
}

/** A body of lines that are each a `T`: what the typed client knows of it. */
type Lines<T> = Response & TypedResponse<T, 200, 'ndjson'>;

/**
 * One JSON document a line. Pulls `events` as the reader does; a reader that leaves ends the iteration, and aborts `stop` so that work
 * between two events ends as well.
 */
export function eventStream<T>(events: AsyncIterable<T>, stop?: AbortController): Lines<T> {
  const encoder = new TextEncoder();
  const iterator = events[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
      },
      async cancel() {
        stop?.abort();
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
  const headers = { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' };
  return new Response(body, { headers }) as Lines<T>;
}
