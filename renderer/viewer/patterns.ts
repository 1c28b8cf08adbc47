/** The eight class patterns as canvas fills, 12 screen px apart, so that a class is never told by its colour alone. */
import type { ClassPattern, RegionClass } from '../../app/core/annotation.ts';

const side = 12;

/** Lines of a pattern in a 12 x 12 cell, as SVG path data; also drawn by the swatch. */
export const patternLines: Record<ClassPattern, string> = {
  solid: '',
  diagonal: 'M-3 3 L3 -3 M0 12 L12 0 M9 15 L15 9',
  'back-diagonal': 'M9 -3 L15 3 M0 0 L12 12 M-3 9 L3 15',
  horizontal: 'M0 3 H12 M0 9 H12',
  vertical: 'M3 0 V12 M9 0 V12',
  cross: 'M-3 3 L3 -3 M0 12 L12 0 M9 15 L15 9 M9 -3 L15 3 M0 0 L12 12 M-3 9 L3 15',
  grid: 'M0 6 H12 M6 0 V12',
  dots: 'M2 3 h2 M8 9 h2',
};

const made = new Map<string, CanvasPattern>();

/** The fill of a class: a light wash of its colour with its pattern in it. */
export function classFill(
  ctx: CanvasRenderingContext2D,
  one: Pick<RegionClass, 'colour' | 'pattern'>,
): CanvasPattern | string {
  const key = `${one.colour} ${one.pattern}`;
  const known = made.get(key);
  if (known) return known;
  const cell = document.createElement('canvas');
  const ratio = 2;
  cell.width = side * ratio;
  cell.height = side * ratio;
  const pen = cell.getContext('2d');
  if (!pen) return one.colour;
  pen.scale(ratio, ratio);
  pen.globalAlpha = 0.12;
  pen.fillStyle = one.colour;
  pen.fillRect(0, 0, side, side);
  pen.globalAlpha = 0.45;
  pen.strokeStyle = one.colour;
  pen.lineWidth = one.pattern === 'dots' ? 1.8 : 1;
  pen.stroke(new Path2D(patternLines[one.pattern]));
  const pattern = ctx.createPattern(cell, 'repeat');
  if (!pattern) return one.colour;
  pattern.setTransform(new DOMMatrix([1 / ratio, 0, 0, 1 / ratio, 0, 0]));
  made.set(key, pattern);
  return pattern;
}
