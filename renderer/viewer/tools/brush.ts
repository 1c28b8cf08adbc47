/**
 * Brush: paints on the selected region, or on one of the same class under it, or makes a new one; Alt takes away and cuts holes.
 * A stroke is joined to the region once, when the hand lets go.
 */
import { containsPoint, type MultiPolygon, type Point } from '../../../app/core/geometry.ts';
import type { Region } from '../../state/region-store.svelte.ts';
import { strokeOutline } from '../brush-outline.ts';
import { clipToSlide, difference, union } from '../shape-algebra.ts';
import { simplifyLine } from '../simplify.ts';
import { distance, type Hand, type Stroke, type Tool } from './tool.ts';

export function createBrushTool(hand: () => Hand): Tool {
  let path: Point[] = [];
  let hover: Stroke | null = null;
  let radius = 0;
  let subtract = false;

  const begin = ({ at, alt }: Pick<Stroke, 'at' | 'alt'>): void => {
    path = [at];
    radius = hand().brushRadius;
    subtract = alt;
  };
  const finish = (): void => {
    const { regions, classId, widthPx, heightPx } = hand();
    const line = simplifyLine(path, radius / 40);
    const start = path[0]!;
    path = [];
    const painted = clipToSlide(strokeOutline(line, radius), widthPx, heightPx);
    if (painted.length === 0) return;
    const target = targetOf(regions.list, regions.selected, painted, start, subtract ? undefined : classId);
    if (!target) {
      if (!subtract) regions.create(painted, classId);
      return;
    }
    regions.update(target, {
      geometry: subtract ? difference(target.geometry, painted) : union(target.geometry, painted),
    });
    regions.selectedId = regions.list.some((region) => region.id === target.id) ? target.id : null;
  };

  return {
    press(stroke) {
      begin(stroke);
      return true;
    },
    move(stroke, pressed) {
      hover = stroke;
      if (pressed && path.length > 0 && distance(stroke.at, path.at(-1)!) > radius / 20) path.push(stroke.at);
    },
    release({ at }) {
      if (path.length === 0) return;
      if (distance(at, path.at(-1)!) > 0) path.push(at);
      finish();
    },
    key(key, at) {
      if (key === 'Escape' && path.length > 0) {
        path = [];
        return true;
      }
      if (key !== 'Enter' || !at) return false;
      begin({ at, alt: false });
      finish();
      return true;
    },
    draft() {
      if (path.length > 0) return { brush: { path, radius, subtract } };
      return hover ? { brush: { path: [hover.at], radius: hand().brushRadius, subtract: hover.alt } } : null;
    },
  };
}

/** The region that a stroke changes: the selected one where it touches, else one under its start (of that class, if given). */
function targetOf(
  list: readonly Region[],
  selected: Region | null,
  painted: MultiPolygon,
  start: Point,
  classId: string | null | undefined,
): Region | null {
  const fits = (region: Region): boolean => classId === undefined || region.classId === classId;
  if (selected && fits(selected) && touches(selected.geometry, painted)) return selected;
  return list.findLast((region) => fits(region) && containsPoint(region.geometry, start)) ?? null;
}

function touches(a: MultiPolygon, b: MultiPolygon): boolean {
  const corners = (shape: MultiPolygon): Point[] => shape.flatMap((polygon) => polygon.flat());
  return corners(b).some((corner) => containsPoint(a, corner)) || corners(a).some((corner) => containsPoint(b, corner));
}
