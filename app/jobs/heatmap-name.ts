/** What a heat map's file name says of how it was made, so that another choice grows into another file. */
import type { TissueChoice } from '../core/tissue-map.ts';

/** Nothing for tissue that was found by itself. */
export function tissueInName({ threshold, penIsTissue }: TissueChoice): string[] {
  return [...(threshold === null ? [] : [`tissue-${threshold}`]), ...(penIsTissue ? ['with-pen'] : [])];
}
