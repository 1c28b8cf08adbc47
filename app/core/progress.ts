/** Time left, told only when it can be known: after 5 % of the work or ten seconds. */

export interface Eta {
  /** Seconds left after `done` of `total`, or null while it cannot be said. */
  after(done: number, total: number): number | null;
}

/** `now` gives milliseconds; a test passes its own clock. */
export function createEta(now: () => number = Date.now): Eta {
  const startMs = now();
  return {
    after(done, total) {
      const elapsedMs = now() - startMs;
      if (done <= 0 || (done / total < 0.05 && elapsedMs < 10_000)) return null;
      return ((elapsedMs / done) * (total - done)) / 1000;
    },
  };
}
