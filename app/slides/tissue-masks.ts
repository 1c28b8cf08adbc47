/** Tissue masks that were asked for lately, so that an edit need not wait for one. */
import type { TissueMask } from '../core/slide.ts';
import type { SlidePool } from './slide-pool.ts';

export interface TissueMasks {
  /** The mask of the slide at `path`; made by a decode process on first use. */
  get(path: string, signal?: AbortSignal): Promise<TissueMask>;
  /** The mask if it is at hand already. */
  peek(path: string): TissueMask | null;
}

const kept = 16;

export function createTissueMasks(pool: SlidePool): TissueMasks {
  const ready = new Map<string, TissueMask>();
  return {
    async get(path, signal) {
      const known = ready.get(path);
      if (known) return known;
      const mask = await pool.tissueMask(path, signal);
      ready.set(path, mask);
      if (ready.size > kept) ready.delete(ready.keys().next().value!);
      return mask;
    },
    peek: (path) => ready.get(path) ?? null,
  };
}
