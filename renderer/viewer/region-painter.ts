/** Draws the regions of a slide: only those in view, small ones plainly and together, the selected one with its corners. */
import type { RegionClass } from '../../app/core/annotation.ts';
import { intersects, type MultiPolygon } from '../../app/core/geometry.ts';
import type { Region } from '../state/region-store.svelte.ts';
import { type Affine, scaleOf, toScreen, visibleBox } from './affine.ts';
import { classFill } from './patterns.ts';

const unclassified: Look = { colour: '#c9c4d2', pattern: 'solid', letter: '?' };
type Look = Pick<RegionClass, 'colour' | 'pattern' | 'letter'>;
/** Below this size on the screen a region has no pattern, letter and halo: they would hide it. */
const smallPx = 40;
/** Below this it is drawn as a box: its outline could not be seen. */
const smallestPx = 5;

export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly camera: Affine;
  readonly regions: readonly Region[];
  readonly classes: ReadonlyMap<string, RegionClass>;
  readonly selectedId: string | null;
  readonly fill: boolean;
}

/** Draws all regions in view but their selection; gives back how many corners that took. */
export function paintRegions(ctx: CanvasRenderingContext2D, scene: Scene): number {
  const seen = visibleBox(scene.camera, scene.width, scene.height);
  const scale = scaleOf(scene.camera);
  const small = new Map<Look, Region[]>();
  let corners = 0;
  ctx.lineJoin = 'round';
  for (const region of scene.regions) {
    if (!intersects(region.bounds, seen)) continue;
    for (const polygon of region.geometry) for (const ring of polygon) corners += ring.length;
    const look = (region.classId && scene.classes.get(region.classId)) || unclassified;
    if (Math.max(region.bounds.width, region.bounds.height) * scale >= smallPx)
      paintOne(ctx, scene, region, look, scale);
    else {
      const others = small.get(look);
      if (others) others.push(region);
      else small.set(look, [region]);
    }
  }
  for (const [look, regions] of small) paintSmall(ctx, scene, regions, look, scale);
  return corners;
}

/** The selected region once more, on top, with its corners. */
export function paintSelected(ctx: CanvasRenderingContext2D, scene: Scene): void {
  const selected = scene.regions.find((region) => region.id === scene.selectedId);
  if (!selected) return;
  const look = (selected.classId && scene.classes.get(selected.classId)) || unclassified;
  paintOne(ctx, scene, selected, look, scaleOf(scene.camera));
  paintSelection(ctx, scene, selected);
}

/** All small regions of a class in one path: a wash and a thin outline, the smallest as boxes. */
function paintSmall(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  regions: readonly Region[],
  look: Look,
  scale: number,
): void {
  const path = new Path2D();
  for (const { bounds, geometry } of regions) {
    if (Math.max(bounds.width, bounds.height) * scale < smallestPx) {
      const [left, top] = toScreen(scene.camera, [bounds.x, bounds.y]);
      path.rect(left, top, Math.max(2, bounds.width * scale), Math.max(2, bounds.height * scale));
    } else addOutline(path, scene.camera, geometry, 1.5);
  }
  if (scene.fill) {
    ctx.globalAlpha = 0.25;
    ctx.fillStyle = look.colour;
    ctx.fill(path);
    ctx.globalAlpha = 1;
  }
  ctx.strokeStyle = look.colour;
  ctx.lineWidth = 1.5;
  ctx.stroke(path);
}

function paintOne(ctx: CanvasRenderingContext2D, scene: Scene, region: Region, look: Look, scale: number): void {
  const { width, height } = region.bounds;
  const path = pathOf(scene.camera, region.geometry);
  if (scene.fill) {
    ctx.fillStyle = classFill(ctx, look);
    ctx.fill(path, 'evenodd');
  }
  ctx.strokeStyle = 'rgb(255 255 255 / 75%)';
  ctx.lineWidth = 3.5;
  ctx.stroke(path);
  ctx.strokeStyle = look.colour;
  ctx.lineWidth = 2;
  ctx.stroke(path);
  if (Math.min(width, height) * scale > 34) paintLetter(ctx, scene, region, look);
}

/** The class letter in a small disc at the topmost corner of the outline. */
function paintLetter(ctx: CanvasRenderingContext2D, scene: Scene, region: Region, look: Look): void {
  const ring = region.geometry[0]?.[0];
  if (!ring) return;
  let best = toScreen(scene.camera, ring[0]!);
  for (const corner of ring) {
    const at = toScreen(scene.camera, corner);
    if (at[1] < best[1] - 0.5 || (Math.abs(at[1] - best[1]) <= 0.5 && at[0] < best[0])) best = at;
  }
  const [x, y] = best;
  ctx.beginPath();
  ctx.arc(x, y, 9, 0, 2 * Math.PI);
  ctx.fillStyle = look.colour;
  ctx.fill();
  ctx.lineWidth = 1.5;
  ctx.strokeStyle = '#ffffff';
  ctx.stroke();
  ctx.font = '700 11px system-ui, sans-serif';
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.lineWidth = 2.5;
  ctx.strokeStyle = 'rgb(0 0 0 / 75%)';
  ctx.strokeText(look.letter, x, y + 0.5);
  ctx.fillStyle = '#ffffff';
  ctx.fillText(look.letter, x, y + 0.5);
}

/** Corners that can be dragged are drawn when there are few enough to hit one. */
export const mostHandles = 40;

function paintSelection(ctx: CanvasRenderingContext2D, scene: Scene, region: Region): void {
  const path = pathOf(scene.camera, region.geometry);
  ctx.strokeStyle = '#1c1329';
  ctx.lineWidth = 3;
  ctx.stroke(path);
  ctx.strokeStyle = '#ffffff';
  ctx.lineWidth = 2;
  ctx.setLineDash([6, 4]);
  ctx.stroke(path);
  ctx.setLineDash([]);
  const corners = region.geometry.flatMap((polygon) => polygon.flat());
  if (corners.length > mostHandles) return;
  ctx.fillStyle = '#ffffff';
  ctx.strokeStyle = '#1c1329';
  ctx.lineWidth = 1.5;
  for (const corner of corners) {
    const [x, y] = toScreen(scene.camera, corner);
    ctx.fillRect(x - 3.5, y - 3.5, 7, 7);
    ctx.strokeRect(x - 3.5, y - 3.5, 7, 7);
  }
}

/** Outlines on the screen, holes included. */
export function pathOf(camera: Affine, geometry: MultiPolygon): Path2D {
  const path = new Path2D();
  addOutline(path, camera, geometry, 0.5);
  return path;
}

/** Corners closer than `stepPx` to the one before are left out. */
function addOutline(path: Path2D, camera: Affine, geometry: MultiPolygon, stepPx: number): void {
  for (const polygon of geometry) {
    for (const ring of polygon) {
      let lastX = Number.NaN;
      let lastY = Number.NaN;
      for (const corner of ring) {
        const [x, y] = toScreen(camera, corner);
        if (Number.isNaN(lastX)) path.moveTo(x, y);
        else if (Math.abs(x - lastX) + Math.abs(y - lastY) > stepPx) path.lineTo(x, y);
        else continue;
        lastX = x;
        lastY = y;
      }
      path.closePath();
    }
  }
}
