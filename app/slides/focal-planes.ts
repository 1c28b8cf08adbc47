/** Which of a slide's focal planes is shown. */
import type { FocalPlanes } from '../core/slide.ts';
import { noSuch } from './slide-errors.ts';

/**
 * The planes at these heights (µm, null where unknown) with the one asked for; without a wish the one nearest to the nominal focus, or
 * the middle one where heights are unknown. Throws `slide/no-such-part`.
 */
export function choosePlane(offsetsUm: readonly (number | null)[], wanted?: number): FocalPlanes {
  const shown = wanted ?? defaultPlane(offsetsUm);
  if (!(Number.isInteger(shown) && shown >= 0 && shown < offsetsUm.length))
    throw noSuch('focal plane', { plane: shown, planes: offsetsUm.length });
  return { offsetsUm, shown };
}

/** Of two as near, the one in the middle of the stack. */
function defaultPlane(offsetsUm: readonly (number | null)[]): number {
  const middle = Math.floor((offsetsUm.length - 1) / 2);
  if (offsetsUm.includes(null)) return middle;
  const away = (plane: number): number => Math.abs(offsetsUm[plane]!);
  return offsetsUm.reduce<number>((best, _, plane) => (away(plane) < away(best) ? plane : best), middle);
}
