/** The map from level-0 px to CSS px of the viewer, any rotation included: screen = (a x + c y + e, b x + d y + f). */
import type { Box, Point } from '../../app/core/geometry.ts';

export interface Affine {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

/** The map that takes (0, 0), (width, 0) and (0, height) to the three given screen points. */
export function affineFrom(origin: Point, right: Point, down: Point, width: number, height: number): Affine {
  return {
    a: (right[0] - origin[0]) / width,
    b: (right[1] - origin[1]) / width,
    c: (down[0] - origin[0]) / height,
    d: (down[1] - origin[1]) / height,
    e: origin[0],
    f: origin[1],
  };
}

export function toScreen(m: Affine, [x, y]: Point): Point {
  return [m.a * x + m.c * y + m.e, m.b * x + m.d * y + m.f];
}

export function toSlide(m: Affine, [x, y]: Point): Point {
  const det = m.a * m.d - m.b * m.c;
  const dx = x - m.e;
  const dy = y - m.f;
  return [(m.d * dx - m.c * dy) / det, (m.a * dy - m.b * dx) / det];
}

/** Screen px per level-0 px. */
export function scaleOf(m: Affine): number {
  return Math.hypot(m.a, m.b);
}

/** The level-0 box that covers a screen of this size. */
export function visibleBox(m: Affine, width: number, height: number): Box {
  const corners: Point[] = [
    [0, 0],
    [width, 0],
    [0, height],
    [width, height],
  ];
  const at = corners.map((corner) => toSlide(m, corner));
  const x = Math.min(...at.map((p) => p[0]));
  const y = Math.min(...at.map((p) => p[1]));
  return { x, y, width: Math.max(...at.map((p) => p[0])) - x, height: Math.max(...at.map((p) => p[1])) - y };
}

/** The map on the screen that takes what was drawn with `from` to where `to` has it. */
export function between(from: Affine, to: Affine): Affine {
  const place = (x: number, y: number): Point => toScreen(to, toSlide(from, [x, y]));
  return affineFrom(place(0, 0), place(1000, 0), place(0, 1000), 1000, 1000);
}
