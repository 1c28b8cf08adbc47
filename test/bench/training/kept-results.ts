/** Results that took minutes each: written as they come, so that a bench that was cut off goes on where it was. */
import { readFileSync } from 'node:fs';
import { writeWhole } from '../../../app/files/write-whole.ts';

export interface KeptResults {
  /** What was measured under `key` before, or `measure`'s answer, which is kept. Values are plain JSON. */
  once<T>(key: string, measure: () => Promise<T>): Promise<T>;
  /** How many of this process's answers were there before. */
  readonly reused: () => number;
}

interface Entry {
  readonly at: string;
  readonly value: unknown;
}

export function keptResults(file: string): KeptResults {
  const entries = readEntries(file);
  let reused = 0;
  return {
    async once<T>(key: string, measure: () => Promise<T>): Promise<T> {
      const before = entries[key];
      if (before) {
        reused++;
        return before.value as T;
      }
      const value = await measure();
      entries[key] = { at: new Date().toISOString(), value };
      await writeWhole(file, JSON.stringify(entries, null, 1));
      return value;
    },
    reused: () => reused,
  };
}

function readEntries(file: string): Record<string, Entry> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, Entry>;
  } catch {
    return {};
  }
}
