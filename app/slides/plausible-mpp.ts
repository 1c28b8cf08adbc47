/** µm per px as files state it: taken only where it can be true of a microscope. */
import type { Mpp } from '../core/pyramid.ts';

/** Finer than any light microscope's camera, and coarser than a macro picture. */
const range = { least: 0.02, most: 50 };

/** Null where a number is none or cannot be a slide's (72 dpi is 353 µm per px). */
export function plausibleMpp(x: number, y: number): Mpp | null {
  const plausible = (value: number): boolean => value >= range.least && value <= range.most;
  return plausible(x) && plausible(y) ? { x, y } : null;
}

/** A decimal number with a point or, as some scanners write it, a comma; NaN for anything else. */
export function parseDecimal(text: string | undefined): number {
  const trimmed = (text ?? '').trim().replace(',', '.');
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : Number.NaN;
}
