/** Words for a rung of a training. Pure. */
import type { RungRow } from '../../app/core/rung.ts';

/** Change of the validation loss against what was kept before, with its standard error: `−0.0120 ± 0.0045`. */
export function changeWords({ fall }: Pick<RungRow, 'fall'>): string | null {
  if (!fall) return null;
  const sign = fall.mean > 0 ? '−' : '+';
  return `${sign}${lossWords(Math.abs(fall.mean))} ± ${lossWords(fall.standardError)}`;
}

/** Four places, or one where a loss has run away. */
export function lossWords(loss: number | null): string {
  return loss === null ? '–' : loss.toFixed(loss < 10 ? 4 : 1);
}

/** Which parts learned in it, and the epoch that counts. */
export function learnedWords({ id, groups, epoch }: Pick<RungRow, 'id' | 'groups' | 'epoch'>): string {
  if (id === 'colour') return 'no network: a histogram of the colours';
  if (id === 'probe') return 'a linear head on the pretrained features';
  return `${groups.join(', ')}${epoch === null ? '' : ` · epoch ${epoch}`}`;
}
