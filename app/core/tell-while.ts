/** Long work as a stream of events: what it reports while it goes on, and how it ends. */
import type { ErrorReport } from './errors.ts';

/** The last event of a stream whose work did not come to its end. */
export type Ended = { readonly type: 'cancelled' } | { readonly type: 'failed'; readonly error: ErrorReport };

/** Work that reports by calls, as a generator: gives the latest report whenever somebody asks for it, and the work's outcome at the end. */
export async function* tellWhile<Report, T>(
  work: (tell: (report: Report) => void) => Promise<T>,
): AsyncGenerator<Report, T> {
  let latest: Report | null = null;
  let news = Promise.withResolvers<'news'>();
  const outcome = work((report) => {
    latest = report;
    news.resolve('news');
  });
  const over = outcome.then(
    () => 'over' as const,
    () => 'over' as const,
  );
  while ((await Promise.race([over, news.promise])) === 'news') {
    news = Promise.withResolvers();
    if (latest !== null) yield latest;
  }
  return outcome;
}
