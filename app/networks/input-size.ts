/** Which pictures a backbone can take. */
import { EosinError } from '../core/errors.ts';

/** @throws EosinError `network/input-size` for a side that is no whole number of at least `minSizePx`. */
export function assertInputSize(network: string, sizePx: number, minSizePx: number): void {
  if (Number.isInteger(sizePx) && sizePx >= minSizePx) return;
  throw new EosinError('network/input-size', 'usage', `${network} cannot take pictures of ${sizePx} px.`, {
    remedy: `Use a whole number of at least ${minSizePx} px.`,
    fields: { sizePx },
  });
}
