/** Which of a slide's focal planes is shown. */
import type { FocalPlanes } from '../core/slide.ts';
import { noSuch } from './slide-errors.ts';

/**
 * The planes at these heights (µm, null where unknown) with the one asked for; without a wish `otherwise`, which is the one nearest to
 * 0, or the middle one where heights are unknown. Throws `slide/no-such-part`.
 */
export function choosePlane(
  offsetsUm: readonly (number | null)[],
  wanted?: number,
  otherwise = nearestPlane(offsetsUm),
): FocalPlanes {
  const shown = wanted ?? otherwise;
  if (!(Number.isInteger(shown) && shown >= 0 && shown < offsetsUm.length))
    throw noSuch('focal plane', { plane: shown, planes: offsetsUm.length });
  return { offsetsUm, shown };
}

export function middlePlane(planes: number): number {
  return Math.floor((planes - 1) / 2);
}

function nearestPlane(offsetsUm: readonly (number | null)[]): number {
  const middle = middlePlane(offsetsUm.length);
  if (offsetsUm.includes(null)) return middle;
  const away = (plane: number): number => Math.abs(offsetsUm[plane]!);
  return offsetsUm.reduce<number>((best, _, plane) => (away(plane) < away(best) ? plane : best), middle);
}
