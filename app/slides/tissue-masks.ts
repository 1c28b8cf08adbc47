/** Tissue of slides that were asked for lately: scored once by a decode process, so that an edit or a moved threshold need not wait. */
import type { TissueMask } from '../core/slide.ts';
import { automaticTissue, type TissueChoice, type TissueMap, tissueMaskOf } from '../core/tissue-map.ts';
import type { SlidePool } from './slide-pool.ts';
import { type SlideSource, slideSource } from './slide-source.ts';

export interface TissueMasks {
  /** The scores of a slide; made by a decode process on first use, and anew when its file is another one. */
  map(slide: string | SlideSource, signal?: AbortSignal): Promise<TissueMap>;
  /** The mask that a choice gives, with the automatic threshold where nothing is chosen. */
  get(slide: string | SlideSource, choice?: TissueChoice, signal?: AbortSignal): Promise<TissueMask>;
  /** The mask if it is at hand already. */
  peek(path: string, choice?: TissueChoice): TissueMask | null;
}

interface Known {
  readonly fingerprint: string;
  readonly map: TissueMap;
  mask: { readonly key: string; readonly value: TissueMask } | null;
}

const kept = 16;

export function createTissueMasks(pool: SlidePool): TissueMasks {
  const ready = new Map<string, Known>();
  const know = async (slide: string | SlideSource, signal?: AbortSignal): Promise<Known> => {
    const { path } = slideSource(slide);
    const { fingerprint } = await pool.describe(slide, signal);
    const known = ready.get(path);
    if (known?.fingerprint === fingerprint) return known;
    const fresh: Known = { fingerprint, map: await pool.tissueMap(slide, signal), mask: null };
    ready.set(path, fresh);
    if (ready.size > kept) ready.delete(ready.keys().next().value!);
    return fresh;
  };
  const maskOf = (known: Known, choice: TissueChoice): TissueMask => {
    const key = keyOf(choice);
    if (known.mask?.key !== key) known.mask = { key, value: tissueMaskOf(known.map, choice) };
    return known.mask.value;
  };
  return {
    map: async (slide, signal) => (await know(slide, signal)).map,
    get: async (slide, choice = automaticTissue, signal) => maskOf(await know(slide, signal), choice),
    peek(path, choice = automaticTissue) {
      const known = ready.get(path);
      return known ? maskOf(known, choice) : null;
    },
  };
}

const keyOf = ({ threshold, penIsTissue }: TissueChoice): string => `${threshold} ${penIsTissue}`;
