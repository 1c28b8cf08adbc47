/** The one home of concurrency: at most `limit` tasks at once, in order of arrival. */

/** What is used of AbortSignal; core knows neither Node's nor the browser's types. */
export interface CancelSignal {
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface Queue {
  /** Runs `task` when a place is free; an aborted signal takes a waiting task out of the line. */
  run<T>(task: () => Promise<T>, signal?: CancelSignal): Promise<T>;
  readonly waiting: number;
}

export function createQueue(limit: number): Queue {
  let active = 0;
  const line: (() => void)[] = [];
  // A place is handed over, never free in between: else a newcomer could take it before the one who waited.
  const leave = (): void => {
    const next = line.shift();
    if (next) next();
    else active--;
  };
  return {
    get waiting() {
      return line.length;
    },
    async run(task, signal) {
      signal?.throwIfAborted();
      if (active >= limit) await place(line, signal);
      else active++;
      try {
        return await task();
      } finally {
        leave();
      }
    },
  };
}

function place(line: (() => void)[], signal: CancelSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const enter = (): void => {
      signal?.removeEventListener('abort', abandon);
      resolve();
    };
    const abandon = (): void => {
      const at = line.indexOf(enter);
      if (at >= 0) line.splice(at, 1);
      reject(signal?.reason);
    };
    line.push(enter);
    signal?.addEventListener('abort', abandon, { once: true });
  });
}
