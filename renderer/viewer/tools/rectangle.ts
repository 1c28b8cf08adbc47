/** Rectangle: drag, or click a corner and then the opposite one, or Enter at both with the keyboard cursor. */
import { boxPolygon, type MultiPolygon, type Point } from '../../../app/core/geometry.ts';
import { clickPx, distance, type Hand, type Tool } from './tool.ts';

export function createRectangleTool(hand: () => Hand): Tool {
  let start: Point | null = null;
  let end: Point | null = null;
  /** The first corner was set by a click or a key: the next one finishes. */
  let waiting = false;

  const shape = (): MultiPolygon | null => {
    if (!start || !end) return null;
    const { widthPx, heightPx } = hand();
    const x0 = clamp(Math.min(start[0], end[0]), widthPx);
    const y0 = clamp(Math.min(start[1], end[1]), heightPx);
    const x1 = clamp(Math.max(start[0], end[0]), widthPx);
    const y1 = clamp(Math.max(start[1], end[1]), heightPx);
    return [boxPolygon({ x: x0, y: y0, width: x1 - x0, height: y1 - y0 })];
  };
  const reset = (): void => {
    start = null;
    end = null;
    waiting = false;
  };
  const finish = (): void => {
    const drawn = shape();
    reset();
    const corners = drawn?.[0]?.[0];
    if (!drawn || !corners) return;
    if (corners[1]![0] - corners[0]![0] < 1 || corners[2]![1] - corners[1]![1] < 1) return;
    hand().regions.create(drawn, hand().classId);
  };

  return {
    press({ at }) {
      if (!waiting) start = at;
      end = at;
      return true;
    },
    move({ at }, pressed) {
      if (start && (pressed || waiting)) end = at;
    },
    release({ at }) {
      if (!start) return;
      end = at;
      if (waiting) finish();
      else if (distance(start, at) < clickPx * hand().unit) waiting = true;
      else finish();
    },
    key(key, at) {
      if (key === 'Escape') {
        if (!start) return false;
        reset();
        return true;
      }
      if (key !== 'Enter' || !at) return false;
      end = at;
      if (waiting) finish();
      else {
        start = at;
        waiting = true;
      }
      return true;
    },
    draft() {
      const drawn = shape();
      return drawn ? { shape: drawn } : null;
    },
  };
}

/** Whole pixels inside the slide. */
function clamp(value: number, most: number): number {
  return Math.round(Math.min(most, Math.max(0, value)));
}
