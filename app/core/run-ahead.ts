/**
 * Work begun before its result is asked for:
 *
 *     work   [ 1 ][ 2 ][ 3 ]  [ 4 ]    [ 5 ]        at most `ahead` results wait
 *     use         [--- 1 ---][--- 2 ---][--- 3 ---]
 *
 * Order and results are those of working when asked; only the moment differs.
 */
export interface Ahead<Result> {
  /** The next result. Rejects with what its own work threw, and with a RangeError behind the last. */
  next(): Promise<Result>;
  /** Waits for what is under way and drops it; nothing is begun afterwards. */
  close(): Promise<void>;
}

/** @param tasks in the order in which their results are asked for; may have no end. */
export function runAhead<Task, Result>(
  tasks: Iterable<Task>,
  work: (task: Task) => Promise<Result>,
  ahead: number,
): Ahead<Result> {
  const left = tasks[Symbol.iterator]();
  const begun: Promise<Result>[] = [];
  /** False at the end of the tasks. */
  const begin = (): boolean => {
    const { value, done } = left.next();
    if (done) return false;
    const result = work(value);
    result.catch(() => undefined); // told by `next`, or nobody wants it any more
    begun.push(result);
    return true;
  };
  return {
    async next() {
      while (begun.length <= ahead && begin());
      const first = begun.shift();
      if (!first) throw new RangeError('There is no more work.');
      return await first;
    },
    async close() {
      await Promise.allSettled(begun.splice(0));
    },
  };
}
