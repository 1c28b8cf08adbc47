/** Polygon: click corner by corner (double click, Enter or the first corner closes), or drag it free-hand. */
import type { Point } from '../../../app/core/geometry.ts';
import { clipToSlide } from '../shape-algebra.ts';
import { simplifyRing } from '../simplify.ts';
import { clickPx, distance, type Hand, type Tool } from './tool.ts';

/** Screen px around the first corner that close the ring. */
const closePx = 8;

export function createPolygonTool(hand: () => Hand): Tool {
  let corners: Point[] = [];
  let hover: Point | null = null;
  /** Corners when the button went down, and whether the hand moved since: then it draws free-hand. */
  let freeFrom = 0;
  let free = false;

  const reset = (): void => {
    corners = [];
    hover = null;
    free = false;
  };
  const finish = (): void => {
    const { regions, classId, widthPx, heightPx, unit } = hand();
    const ring = free ? simplifyRing(corners, unit) : corners;
    const different = ring.filter((corner, index) => index === 0 || distance(corner, ring[index - 1]!) > unit / 2);
    reset();
    if (different.length < 3) return;
    const shape = clipToSlide([[different]], widthPx, heightPx);
    if (shape.length > 0) regions.create(shape, classId);
  };
  const closes = (at: Point): boolean => corners.length >= 3 && distance(at, corners[0]!) < closePx * hand().unit;

  return {
    press({ at, double }) {
      if (double || closes(at)) {
        finish();
        return true;
      }
      freeFrom = corners.length;
      corners.push(at);
      hover = at;
      return true;
    },
    move({ at }, pressed) {
      hover = at;
      if (!pressed || corners.length === 0) return;
      const step = distance(at, corners.at(-1)!);
      if (!free && step > clickPx * hand().unit) free = true;
      if (free && step > 2 * hand().unit) corners.push(at);
    },
    release() {
      // A free-hand ring closes when the hand lets go; a short drag on the way is only a corner.
      if (free && corners.length - freeFrom > 8) finish();
      else free = false;
    },
    key(key, at) {
      if (key === 'Escape') {
        const had = corners.length > 0;
        reset();
        return had;
      }
      if (key === 'Backspace') {
        if (corners.length === 0) return false;
        corners.pop();
        return true;
      }
      if (!at) {
        if (corners.length < 3) return false;
        finish();
        return true;
      }
      const last = corners.at(-1);
      if (corners.length >= 3 && (closes(at) || (last && distance(at, last) < hand().unit))) finish();
      else corners.push(at);
      hover = at;
      return true;
    },
    draft() {
      return corners.length > 0 ? { line: hover ? [...corners, hover] : corners } : null;
    },
  };
}
