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
