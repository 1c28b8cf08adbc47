/**
 * The regions as a layer that stays quick with thousands of them: while the view moves, a picture of the layer is moved
 * along; when it rests for a moment, the regions are drawn again where they are. Few regions are always drawn themselves.
 */
import { type Affine, between, toSlide } from './affine.ts';
import { paintRegions, paintSelected, type Scene } from './region-painter.ts';

/** Corners that can be drawn at every frame. */
const fewCorners = 6000;
/** Picture beyond the edge of the view on each side, as a share of it. */
const margin = 0.25;
const restMs = 140;

interface Picture {
  readonly canvas: HTMLCanvasElement;
  readonly camera: Affine;
  /** CSS px. */
  readonly left: number;
  readonly top: number;
  readonly of: Scene;
}

export class RegionLayer {
  readonly #redraw: () => void;
  #corners = 0;
  #picture: Picture | null = null;
  #lastCamera: Affine | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(redraw: () => void) {
    this.#redraw = redraw;
  }

  /** `ctx` draws in CSS px; `ratio` is device px per CSS px. */
  paint(ctx: CanvasRenderingContext2D, scene: Scene, ratio: number): void {
    if (this.#corners <= fewCorners) {
      this.#corners = paintRegions(ctx, scene);
      this.#picture = null;
    } else this.#paintPicture(ctx, scene, ratio);
    this.#lastCamera = scene.camera;
    paintSelected(ctx, scene);
  }

  #paintPicture(ctx: CanvasRenderingContext2D, scene: Scene, ratio: number): void {
    const moving = this.#lastCamera !== null && !same(this.#lastCamera, scene.camera);
    const old = this.#picture;
    const usable = old !== null && sameContent(old.of, scene);
    if (!usable || (!moving && !same(old.camera, scene.camera))) this.#picture = this.#take(scene, ratio);
    const picture = this.#picture;
    if (!picture) return;
    if (moving) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(this.#redraw, restMs);
    }
    const move = between(picture.camera, scene.camera);
    ctx.save();
    ctx.transform(move.a, move.b, move.c, move.d, move.e, move.f);
    ctx.drawImage(
      picture.canvas,
      picture.left,
      picture.top,
      picture.canvas.width / ratio,
      picture.canvas.height / ratio,
    );
    ctx.restore();
  }

  #take(scene: Scene, ratio: number): Picture | null {
    const canvas = this.#picture?.canvas ?? document.createElement('canvas');
    const left = -Math.round(scene.width * margin);
    const top = -Math.round(scene.height * margin);
    const width = scene.width - 2 * left;
    const height = scene.height - 2 * top;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const pen = canvas.getContext('2d');
    if (!pen) return null;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const camera = { ...scene.camera, e: scene.camera.e - left, f: scene.camera.f - top };
    this.#corners = paintRegions(pen, { ...scene, camera, width, height });
    return { canvas, camera: scene.camera, left, top, of: scene };
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

function same(a: Affine, b: Affine): boolean {
  const [x, y] = toSlide(a, [0, 0]);
  const [u, v] = toSlide(b, [0, 0]);
  return a.a === b.a && a.b === b.b && x === u && y === v;
}

function sameContent(a: Scene, b: Scene): boolean {
  return (
    a.regions === b.regions &&
    a.classes === b.classes &&
    a.fill === b.fill &&
    a.width === b.width &&
    a.height === b.height
  );
}
