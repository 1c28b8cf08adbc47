/** Draws what the hand is doing: the shape in the making, the brush, and the keyboard cursor. */
import type { Point } from '../../app/core/geometry.ts';
import { type Affine, scaleOf, toScreen } from './affine.ts';
import { pathOf } from './region-painter.ts';
import type { Draft } from './tools/tool.ts';

export function paintDraft(ctx: CanvasRenderingContext2D, camera: Affine, draft: Draft, colour: string): void {
  if (draft.shape) outline(ctx, pathOf(camera, draft.shape), colour);
  if (draft.line) {
    const path = new Path2D();
    for (const corner of draft.line) path.lineTo(...toScreen(camera, corner));
    outline(ctx, path, colour);
    ctx.fillStyle = '#ffffff';
    if (draft.line.length <= 60) for (const corner of draft.line.slice(0, -1)) dot(ctx, toScreen(camera, corner));
  }
  if (draft.brush) paintBrush(ctx, camera, draft.brush, colour);
}

function paintBrush(
  ctx: CanvasRenderingContext2D,
  camera: Affine,
  brush: NonNullable<Draft['brush']>,
  colour: string,
): void {
  const radius = brush.radius * scaleOf(camera);
  const points = brush.path.map((point) => toScreen(camera, point));
  const tint = brush.subtract ? '#ffffff' : colour;
  if (points.length > 1) {
    ctx.save();
    ctx.globalAlpha = 0.4;
    ctx.strokeStyle = tint;
    ctx.lineWidth = 2 * radius;
    ctx.lineCap = 'round';
    ctx.lineJoin = 'round';
    ctx.beginPath();
    for (const [x, y] of points) ctx.lineTo(x, y);
    ctx.stroke();
    ctx.restore();
  }
  const [x, y] = points.at(-1)!;
  const circle = new Path2D();
  circle.arc(x, y, radius, 0, 2 * Math.PI);
  outline(ctx, circle, tint);
  const sign = new Path2D(`M${x - 4} ${y} h8${brush.subtract ? '' : ` M${x} ${y - 4} v8`}`);
  outline(ctx, sign, tint);
}

function outline(ctx: CanvasRenderingContext2D, path: Path2D, colour: string): void {
  ctx.lineJoin = 'round';
  ctx.strokeStyle = 'rgb(0 0 0 / 70%)';
  ctx.lineWidth = 3.5;
  ctx.stroke(path);
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.stroke(path);
}

function dot(ctx: CanvasRenderingContext2D, [x, y]: Point): void {
  ctx.fillRect(x - 2.5, y - 2.5, 5, 5);
}

/** The cross that the arrow keys move while a drawing tool is chosen. */
export function paintCursor(ctx: CanvasRenderingContext2D, camera: Affine, at: Point): void {
  const [x, y] = toScreen(camera, at);
  outline(ctx, new Path2D(`M${x - 14} ${y} h10 M${x + 4} ${y} h10 M${x} ${y - 14} v10 M${x} ${y + 4} v10`), '#ffffff');
}
