/** Lets the process hear its messages between steps, so that a cancel is seen within moments of being sent. */
import { cancelled } from '../core/errors.ts';

/** Longest stretch of work between two looks at the event loop. */
const stretchMs = 50;

/**
 * A function to await after each small piece of work: cheap most of the time, and a turn of the event loop every 50 ms.
 * It throws EosinError `job/cancelled` once `signal` is aborted.
 */
export function createBreather(signal: AbortSignal): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last > stretchMs) {
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
      last = performance.now();
    }
    if (signal.aborted) throw cancelled();
  };
}
