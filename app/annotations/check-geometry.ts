/** What a region must be before it is stored: finite, inside the slide, and with an area. */
import { EosinError } from '../core/errors.ts';
import type { MultiPolygon, Ring } from '../core/geometry.ts';
import { ringArea } from '../core/geometry.ts';

export interface SlideSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

export const mostPointsInRing = 100_000;
/** A region drawn up to the slide's edge may lie this far beyond it, px: rounding of other programs. */
const toleratedBeyondPx = 1;

/**
 * Throws `annotation/degenerate`, `annotation/too-many-points`, `annotation/not-finite` or `annotation/out-of-bounds`.
 * `geometry` is what will be stored (on the 1/64 px grid).
 */
export function checkGeometry(geometry: MultiPolygon, size: SlideSize): void {
  if (geometry.length === 0) throw degenerate('it has no polygon');
  for (const polygon of geometry) {
    if (polygon.length === 0) throw degenerate('it has an empty polygon');
    for (const ring of polygon) checkRing(ring, size);
  }
}

function checkRing(ring: Ring, size: SlideSize): void {
  if (ring.length < 3) throw degenerate(`a ring has ${ring.length} points`);
  if (ring.length > mostPointsInRing) {
    throw new EosinError('annotation/too-many-points', 'input', `A region's outline has ${ring.length} points.`, {
      remedy: `Simplify it to at most ${mostPointsInRing} points.`,
      fields: { points: ring.length },
    });
  }
  for (const [x, y] of ring) {
    if (!(Number.isFinite(x) && Number.isFinite(y))) throw notFinite();
    if (isBeyond(x, size.widthPx) || isBeyond(y, size.heightPx)) throw outOfBounds(x, y, size);
  }
  if (ringArea(ring) === 0) throw degenerate('a ring has no area');
}

function isBeyond(value: number, end: number): boolean {
  return value < -toleratedBeyondPx || value > end + toleratedBeyondPx;
}

function degenerate(what: string): EosinError {
  return new EosinError('annotation/degenerate', 'input', `A region cannot be kept: ${what}.`, {
    remedy: 'Draw it again with at least three corners.',
  });
}

function notFinite(): EosinError {
  return new EosinError('annotation/not-finite', 'input', 'A region has a corner that is not a number.', {
    remedy: 'Export the regions again from the program that made them.',
  });
}

function outOfBounds(x: number, y: number, size: SlideSize): EosinError {
  const message = `A region reaches (${Math.round(x)}, ${Math.round(y)}), outside the slide of ${size.widthPx} x ${size.heightPx} px.`;
  return new EosinError('annotation/out-of-bounds', 'input', message, {
    remedy: 'Check that the annotations belong to this slide and are in level-0 pixels.',
    fields: { x, y, widthPx: size.widthPx, heightPx: size.heightPx },
  });
}
