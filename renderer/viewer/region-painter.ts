/** Draws the regions of a slide: only those in view, small ones as dots of colour, the selected one with its corners. */
import type { RegionClass } from '../../app/core/annotation.ts';
import { intersects, type MultiPolygon } from '../../app/core/geometry.ts';
import type { Region } from '../state/region-store.svelte.ts';
import { type Affine, scaleOf, toScreen, visibleBox } from './affine.ts';
import { classFill } from './patterns.ts';

const unclassified = { colour: '#c9c4d2', pattern: 'solid', letter: '?' } as const;
/** Below this size on the screen a region is drawn as a box: its outline could not be seen. */
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

export function paintRegions(ctx: CanvasRenderingContext2D, scene: Scene): void {
  const seen = visibleBox(scene.camera, scene.width, scene.height);
  const scale = scaleOf(scene.camera);
  let selected: Region | null = null;
  ctx.lineJoin = 'round';
  for (const region of scene.regions) {
    if (!intersects(region.bounds, seen)) continue;
    if (region.id === scene.selectedId) selected = region;
    else paintOne(ctx, scene, region, scale);
  }
  if (selected) {
    paintOne(ctx, scene, selected, scale);
    paintSelection(ctx, scene, selected);
  }
}

function paintOne(ctx: CanvasRenderingContext2D, scene: Scene, region: Region, scale: number): void {
  const look = (region.classId && scene.classes.get(region.classId)) || unclassified;
  const { x, y, width, height } = region.bounds;
  if (Math.max(width, height) * scale < smallestPx) {
    const [left, top] = toScreen(scene.camera, [x, y]);
    ctx.fillStyle = look.colour;
    ctx.fillRect(left, top, Math.max(2, width * scale), Math.max(2, height * scale));
    return;
  }
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
function paintLetter(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  region: Region,
  look: { readonly colour: string; readonly letter: string },
): void {
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

/** Outlines on the screen, holes included; corners closer than half a pixel are left out. */
export function pathOf(camera: Affine, geometry: MultiPolygon): Path2D {
  const path = new Path2D();
  for (const polygon of geometry) {
    for (const ring of polygon) {
      let lastX = Number.NaN;
      let lastY = Number.NaN;
      ring.forEach((corner, index) => {
        const [x, y] = toScreen(camera, corner);
        if (index === 0) path.moveTo(x, y);
        else if (Math.abs(x - lastX) + Math.abs(y - lastY) > 0.5) path.lineTo(x, y);
        else return;
        lastX = x;
        lastY = y;
      });
      path.closePath();
    }
  }
  return path;
}
