/** Questions to a drive that may not answer: a network drive that has gone can keep its asker waiting for ever, and with it others. */
import { basename, dirname } from 'node:path';
import { driveSilent } from './slide-errors.ts';

/** `ask` with a time limit. While a question about a folder is overdue, the next ones about it are refused at once. */
export function createPatience(limitMs: number): <T>(path: string, ask: () => Promise<T>) => Promise<T> {
  const overdue = new Set<string>();
  return async (path, ask) => {
    const folder = dirname(path);
    if (overdue.has(folder)) throw driveSilent(basename(path));
    const asked = ask();
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      overdue.add(folder);
      const answered = (): boolean => overdue.delete(folder);
      asked.then(answered, answered);
      reject(driveSilent(basename(path)));
    }, limitMs);
    try {
      return await Promise.race([asked, late]);
    } finally {
      clearTimeout(timer);
    }
  };
}
