/** Move: click selects, drag on the selected region or one of its corners changes it; anywhere else the viewer pans. */
import { areaPx2, containsPoint, type MultiPolygon, type Point } from '../../../app/core/geometry.ts';
import type { Region } from '../../state/region-store.svelte.ts';
import { mostHandles } from '../region-painter.ts';
import { clipToSlide, moved } from '../shape-algebra.ts';
import { distance, type Hand, type Tool } from './tool.ts';

/** Screen px around a corner that take hold of it. */
const cornerPx = 7;

interface Hold {
  readonly region: Region;
  readonly from: Point;
  /** Polygon, ring and corner that are held; null holds the whole region. */
  readonly corner: readonly [polygon: number, ring: number, corner: number] | null;
}

export function createMoveTool(hand: () => Hand): Tool {
  let hold: Hold | null = null;
  let now: Point | null = null;

  const changed = ({ region, from, corner }: Hold, to: Point): MultiPolygon =>
    corner ? withCorner(region.geometry, corner, to) : moved(region.geometry, to[0] - from[0], to[1] - from[1]);

  return {
    press({ at }) {
      const { regions, unit } = hand();
      const selected = regions.selected;
      const corner = selected ? cornerAt(selected, at, cornerPx * unit) : null;
      if (selected && (corner || containsPoint(selected.geometry, at))) {
        hold = { region: selected, from: at, corner };
        now = at;
        return true;
      }
      return false;
    },
    move({ at }, pressed) {
      if (hold && pressed) now = at;
    },
    release({ at }) {
      const { regions, unit, widthPx, heightPx } = hand();
      const held = hold;
      hold = null;
      now = null;
      if (held && distance(held.from, at) > 3 * unit) {
        const geometry = clipToSlide(changed(held, at), widthPx, heightPx);
        if (geometry.length > 0) regions.update(held.region, { geometry });
        return;
      }
      regions.selectedId = regionAt(regions.list, at)?.id ?? null;
    },
    key(key, at) {
      const { regions } = hand();
      if (key === 'Enter' && at) {
        regions.selectedId = regionAt(regions.list, at)?.id ?? null;
        return true;
      }
      if (key === 'Escape' && (hold || regions.selectedId)) {
        hold = null;
        regions.selectedId = null;
        return true;
      }
      return false;
    },
    draft() {
      return hold && now && distance(hold.from, now) > 0 ? { shape: changed(hold, now) } : null;
    },
  };
}

/** The smallest region under a point, so that one inside another can be chosen. */
export function regionAt(list: readonly Region[], at: Point): Region | null {
  const hit = list.filter(({ bounds, geometry }) => {
    const inside =
      at[0] >= bounds.x && at[1] >= bounds.y && at[0] <= bounds.x + bounds.width && at[1] <= bounds.y + bounds.height;
    return inside && containsPoint(geometry, at);
  });
  return hit.sort((a, b) => areaPx2(a.geometry) - areaPx2(b.geometry))[0] ?? null;
}

function cornerAt({ geometry }: Region, at: Point, reach: number): Hold['corner'] {
  if (geometry.reduce((sum, polygon) => sum + polygon.reduce((n, ring) => n + ring.length, 0), 0) > mostHandles)
    return null;
  for (const [p, polygon] of geometry.entries()) {
    for (const [r, ring] of polygon.entries()) {
      const c = ring.findIndex((corner) => distance(corner, at) < reach);
      if (c >= 0) return [p, r, c];
    }
  }
  return null;
}

function withCorner(geometry: MultiPolygon, [p, r, c]: readonly [number, number, number], to: Point): MultiPolygon {
  return geometry.map((polygon, i) =>
    i !== p ? polygon : polygon.map((ring, j) => (j !== r ? ring : ring.map((corner, k) => (k === c ? to : corner)))),
  );
}
