/** Fewer corners for the same line: Ramer, Douglas and Peucker (1972, 1973), with a stack instead of recursion. */
import type { Point } from '../../app/core/geometry.ts';

/** An open line; its ends stay. `tolerance` is the largest distance of a dropped corner, in the line's own unit. */
export function simplifyLine(line: readonly Point[], tolerance: number): Point[] {
  if (line.length < 3) return [...line];
  const keep = new Uint8Array(line.length);
  keep[0] = 1;
  keep[line.length - 1] = 1;
  const spans: [number, number][] = [[0, line.length - 1]];
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [from, to] = span;
    let farthest = from;
    let distance = tolerance;
    for (let i = from + 1; i < to; i++) {
      const d = distanceToSegment(line[i]!, line[from]!, line[to]!);
      if (d > distance) {
        distance = d;
        farthest = i;
      }
    }
    if (farthest !== from) {
      keep[farthest] = 1;
      spans.push([from, farthest], [farthest, to]);
    }
  }
  return line.filter((_, index) => keep[index]);
}

/** A closed ring, not repeated at its end: cut at two far corners and simplified as two lines. */
export function simplifyRing(ring: readonly Point[], tolerance: number): Point[] {
  if (ring.length < 4) return [...ring];
  const first = ring[0]!;
  let far = 0;
  let most = -1;
  ring.forEach(([x, y], index) => {
    const d = Math.hypot(x - first[0], y - first[1]);
    if (d > most) {
      most = d;
      far = index;
    }
  });
  const there = simplifyLine(ring.slice(0, far + 1), tolerance);
  const back = simplifyLine([...ring.slice(far), first], tolerance);
  return [...there.slice(0, -1), ...back.slice(0, -1)];
}

export function distanceToSegment([px, py]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const dx = bx - ax;
  const dy = by - ay;
  const length2 = dx * dx + dy * dy;
  const t = length2 > 0 ? Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / length2)) : 0;
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
}
